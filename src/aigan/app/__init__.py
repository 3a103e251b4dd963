"""The web app: restore, degrade and compare pictures in the browser, by Gradio; started by `aigan app`.

`serve` starts it, `page` is what is seen, `handlers` answer what is done there and in the API, and `restoring`,
`degrading` and `comparing` do the work. `guard` says which requests are let in, `limits` how much is, `folder` where
files lie and for how long, `work` when something takes too long, `sentences` how errors are told.
"""
