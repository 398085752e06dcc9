"""An embedded endpoint that fails on demand: ``gem-assets serve --faults FILE``.

A script lists what goes wrong and when; everything that it doesn't name goes well. It is YAML (or
JSON, which is YAML, too)::

    faults:
      - {request: submit, nth: 2, fault: status, status: 429, retry_after: 3}
      - {request: status, nth: 1, times: 2, fault: html}
      - {request: submit, nth: 4, fault: failed}

``request`` is the kind of request (``models``, ``example``, ``submit``, ``status``, ``download``),
``nth`` which one of its kind, counted from 1 since the server started, and ``times`` how many in a
row (default 1). What ``fault`` can be is listed in `gem_assets.embedded.faults.script`.

``GET /faults`` answers with what was submitted, sample by sample, and with what went wrong so far:
see `gem_assets.embedded.faults.tally`.
"""
