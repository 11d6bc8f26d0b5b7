"""The faces of all services: one design language, one sign-in, one way to say things in two languages.

`rendering.Pages` holds what a service's pages need; a service makes one, adds `sign_in.router` to its routers and
`sign_in.ACCESS` to its table, and its own routes are `routes.PageRoute`s in `services/<name>/pages/`. Templates extend
`base.html` and use the components of `parts.html`. Source strings are Chinese; `locale/en.po` beside the templates
holds the English, and a test finds what is missing. Pages carry no inline script and no inline style: data for scripts
stands in `data-` attributes and in blocks of JSON.
"""
