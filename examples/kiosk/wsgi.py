"""What a WSGI server imports: `gunicorn wsgi:app`, or `flask --app wsgi run`."""

from kiosk import create_app

app = create_app()
