"""The formats that counts are read from: a module each, with one class that fits ``Reader``.

A module that is put here is found by ``readers.registry``; it is entered nowhere else. Its class
says with ``rank`` when it is asked:

- 10: the content bears an exact signature (magic bytes, a version line);
- 50: a family that its header tells;
- 90: any table of text.
"""
