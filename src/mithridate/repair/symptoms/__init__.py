"""Signs in a diff that it treats the symptom, one rule a module."""
