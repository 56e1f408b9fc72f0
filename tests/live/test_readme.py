"""The README's example works as printed. (Its two commands are run by .ci/run.)"""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_example() -> None:
    found = re.search(r"<!-- the example -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None
    done = subprocess.run(
        [sys.executable, "-c", found[1]], check=False, capture_output=True, text=True, timeout=60
    )
    assert "/nowhere No such file or directory" in done.stdout
    assert re.search(r"^Exited\(pid=\d+, .*status=1\)$", done.stdout, re.MULTILINE), done.stderr
