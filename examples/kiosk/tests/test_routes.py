"""Every route answers harmless requests."""

import base64
import io
import json
import os
import pickle
import tarfile
import tempfile
import unittest

os.environ.setdefault("KIOSK_DATA", tempfile.mkdtemp(prefix="kiosk-"))

from kiosk import create_app


def archive(name="one.txt", content=b"one"):
    """A tar archive with one member."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    stream.seek(0)
    return stream


class Routes(unittest.TestCase):
    def setUp(self):
        self.client = create_app().test_client()

    def json(self, answer):
        self.assertEqual(answer.status_code, 200, answer.get_data(as_text=True))
        return answer.get_json()

    def test_articles(self):
        for path in ("/articles?name=post", "/articles/named?name=poster", "/articles/sorted?by=price"):
            self.assertIn("poster", self.client.get(path).get_data(as_text=True))

    def test_greetings(self):
        for path in ("/greeting", "/welcome"):
            self.assertIn("Welcome, Ada!", self.client.get(f"{path}?visitor=Ada").get_data(as_text=True))

    def test_comments(self):
        self.assertEqual(self.json(self.client.post("/articles/1/comments", data={"text": "nice"})), {"comments": 1})
        for path in ("/articles/1/comments", "/articles/1/comments/plain"):
            self.assertIn("nice", self.client.get(path).get_data(as_text=True))

    def test_suppliers(self):
        for path in ("/suppliers", "/suppliers/named"):
            self.assertEqual(self.json(self.client.get(f"{path}?name=north")), {"phones": ["100"]})

    def test_accounts(self):
        for path in ("/register", "/join"):
            self.json(self.client.post(path, data={"name": "ada", "password": "correct horse"}))
        self.assertEqual(len(self.json(self.client.post("/vouchers", data={"name": "ada"}))["voucher"]), 16)
        self.assertEqual(len(self.json(self.client.post("/tickets", data={"name": "ada"}))["ticket"]), 16)
        for path in ("/remember", "/keep"):
            self.assertIn("Set-Cookie", self.client.post(path).headers)
        self.json(self.client.post("/preferences", data={"setting": "language", "value": "fr"}))
        self.json(self.client.post("/language", data={"value": "fr"}))

    def test_pages(self):
        for path in ("/continue", "/return"):
            self.assertEqual(self.client.get(f"{path}?next=/articles").headers["Location"], "/articles")
        for path in ("/card", "/card/plain"):
            self.assertEqual(self.client.get(f"{path}?words=hello").get_data(as_text=True), "<p>hello</p>")
        for path in ("/change", "/number"):
            self.assertEqual(self.json(self.client.get(f"{path}?sum=12")), {"result": "12"})
        for path in ("/visitors", "/guests"):
            self.json(self.client.post(path, data={"name": "ada"}))
        for path in ("/postal", "/area"):
            self.assertEqual(self.json(self.client.get(f"{path}?code=AB12-CD")), {"valid": True})

    def test_documents(self):
        for path in ("/manuals", "/handbooks"):
            self.assertIn("Opening hours", self.client.get(f"{path}?file=hours.txt").get_data(as_text=True))
        for path in ("/photos", "/drawings"):
            self.json(self.client.post(path, data={"archive": (archive(), "a.tar")}))
        for path in ("/orders", "/invoices"):
            self.assertEqual(self.json(self.client.post(path, data="<order><item>poster</item></order>")), {"item": "poster"})
        self.json(self.client.post("/drafts", data={"basket": base64.b64encode(pickle.dumps([1])).decode()}))
        self.json(self.client.post("/baskets", data={"basket": base64.b64encode(json.dumps([1]).encode()).decode()}))
        for path in ("/settings", "/options"):
            self.assertEqual(self.json(self.client.post(path, data="a: 1")), {"settings": "{'a': 1}"})

    def test_back_office(self):
        self.assertEqual(self.json(self.client.post("/print", data={"text": "hello"})), {"printed": "hello\n"})
        self.assertEqual(self.json(self.client.post("/engrave", data={"text": "hello"})), {"engraved": "hello"})
        self.assertEqual(self.json(self.client.get("/pictures?url=data:,hello")), {"bytes": 5})
        self.assertEqual(self.client.get("/images?url=data:,hello").status_code, 400)
        for path in ("/export", "/convert"):
            self.assertEqual(self.json(self.client.get(f"{path}?format=csv")), {"format": "csv"})


if __name__ == "__main__":
    unittest.main()
