"""The studio: pages and an HTTP API made from run folders alone.

`app.create_app` makes the application; `server` runs it. It never sees a training, only what a training wrote:
`events.jsonl` is the one channel, so a page opened late, a page opened early and a page after a crash are the same.
The one thing that it writes for a training is `control.json` (see `faussaire.runs.control`).
"""
