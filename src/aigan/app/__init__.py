"""The web app: restore, degrade and compare pictures in the browser, by Gradio; started by `aigan app`.

`serve` starts it, `page` is what is seen, and `restoring`, `degrading` and `comparing` do the work of its three tabs.
`guard` says which requests are let in, `folder` where files lie and for how long, `work` when something takes too long.
"""
