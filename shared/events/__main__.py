"""`python -m shared.events`: write schemas, new samples and the AsyncAPI document."""

from shared.events.documents import files

for path, text in files():
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
