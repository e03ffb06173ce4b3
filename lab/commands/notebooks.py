"""`make notebooks`: build notebooks/NN_topic.ipynb from the lessons."""

import hashlib
import os

from lab import ROOT, files, notebook


def main(words):
    """Write the notebooks that are not what their lessons make them."""
    for name in notebook.names():
        path, text = notebook.path(name), build(name)
        if os.path.exists(path):
            with open(path) as file:
                if file.read() == text:
                    continue
        print("writing", os.path.relpath(path, ROOT))
        files.write(path, text)
    return 0


def build(name: str) -> str:
    """Return the text of a notebook's file: the same for the same lesson."""
    from nbformat import validate, writes
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    new, made = {"code": new_code_cell, "markdown": new_markdown_cell}, []
    for cell, given in _with_ids(notebook.read(name)):
        made.append(new[cell.kind](cell.text, id=given))
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    built = new_notebook(cells=made, metadata=about)
    validate(built)
    return writes(built, version=4) + "\n"


def _with_ids(cells):
    """Yield cells with what they are known by: it stays when others come or go."""
    seen = {}
    for cell in cells:
        key = hashlib.sha256("\0".join(cell).encode()).hexdigest()[:8]
        seen[key] = seen.get(key, 0) + 1
        yield cell, f"{key}-{seen[key]}"
