"""Articles: search, prices, comments and the supplier's list."""

import html

from flask import Blueprint, render_template, request
from lxml import etree

from kiosk.database import connection

routes = Blueprint("catalogue", __name__)

SUPPLIERS = etree.fromstring("<suppliers><supplier name='north' phone='100'/><supplier name='south' phone='200'/></suppliers>")


@routes.get("/articles")
def search():
    """Articles by a part of their name."""
    name = request.args.get("name", "")
    rows = connection().execute("SELECT id, name, price FROM articles WHERE name LIKE '%" + name + "%'").fetchall()
    return render_template("articles.html", articles=rows)


@routes.get("/articles/named")
def find():
    """Articles of exactly that name."""
    name = request.args.get("name", "")
    rows = connection().execute("SELECT id, name, price FROM articles WHERE name = ?", (name,)).fetchall()
    return render_template("articles.html", articles=rows)


@routes.get("/articles/sorted")
def listing():
    """All articles, by one of two columns."""
    column = {"name": "name", "price": "price"}.get(request.args.get("by", "name"), "name")
    return render_template(
        "articles.html", articles=connection().execute(f"SELECT id, name, price FROM articles ORDER BY {column}")
    )


@routes.get("/greeting")
def greeting():
    """The line above the catalogue."""
    visitor = request.args.get("visitor", "visitor")
    return f"<html><body><h1>Welcome, {visitor}!</h1></body></html>"


@routes.get("/welcome")
def welcome():
    """The line above the catalogue, for a screen at the door."""
    visitor = request.args.get("visitor", "visitor")
    return f"<html><body><h1>Welcome, {html.escape(visitor)}!</h1></body></html>"


@routes.post("/articles/<int:article>/comments")
def comment(article):
    """What a customer thinks of an article."""
    connection().execute("INSERT INTO comments (article, text) VALUES (?, ?)", (article, request.form.get("text", "")))
    connection().commit()
    return {"comments": connection().execute("SELECT count(*) FROM comments WHERE article = ?", (article,)).fetchone()[0]}


@routes.get("/articles/<int:article>/comments")
def comments(article):
    """All comments on an article, as customers read them."""
    rows = connection().execute("SELECT text FROM comments WHERE article = ?", (article,)).fetchall()
    return render_template("comments.html", comments=[text for (text,) in rows])


@routes.get("/articles/<int:article>/comments/plain")
def comments_as_text(article):
    """All comments on an article, for the till."""
    rows = connection().execute("SELECT text FROM comments WHERE article = ?", (article,)).fetchall()
    return render_template("comments_plain.html", comments=[text for (text,) in rows])


@routes.get("/suppliers")
def supplier():
    """A supplier's telephone number."""
    name = request.args.get("name", "")
    return {"phones": SUPPLIERS.xpath(f"//supplier[@name='{name}']/@phone")}


@routes.get("/suppliers/named")
def supplier_named():
    """A supplier's telephone number, for the till."""
    return {"phones": SUPPLIERS.xpath("//supplier[@name=$name]/@phone", name=request.args.get("name", ""))}
