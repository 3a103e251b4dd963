"""How long visitors of `aigan app` wait, and what many at once cost: python tools/app_timing.py [PICTURE]

Prints the seconds that 20 users at once wait for the last of their pictures, and the server's memory at its
highest; then, in a real browser, in seconds: from the command to the first answer; the first paint of the page;
and, three times, from dropping the picture to before and after on the slider. Needs the extras app and e2e, and
Chromium. Stop all else first.
"""

import resource
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradio_client import Client, handle_file
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.conftest import ARGUMENTS  # noqa: E402
from tests.e2e.test_app import LOADED  # noqa: E402
from tests.serving import served  # noqa: E402

PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"
USERS = 20


def many(picture: Path) -> None:
    """All at once, each with an upload of its own."""
    with served("app") as address, ThreadPoolExecutor(USERS) as users:
        clients = list(users.map(lambda _: Client(address, verbose=False), range(USERS)))
        begun = time.perf_counter()
        answers = list(users.map(lambda client: client.predict(handle_file(picture), api_name="/restore"), clients))
        print(f"{len(answers)} users at once           {time.perf_counter() - begun:.2f}")
    print(f"memory of the server, MB    {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1.024e-3:.0f}")


def one(picture: Path) -> None:
    """Start the app, open it, drop the picture."""
    begun = time.perf_counter()
    with served("app") as address, sync_playwright() as playwright:
        print(f"command to first answer     {time.perf_counter() - begun:.2f}")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for attempt in range(3):
            page = browser.new_page()
            page.goto(address)
            page.wait_for_selector("#restore-picture input", state="attached")
            if attempt == 0:
                print(f"first paint of the page     {page.evaluate(PAINT):.2f}")
            begun = time.perf_counter()
            page.set_input_files("#restore-picture input[type=file]", str(picture))
            page.wait_for_function(LOADED, arg="restore-slider", timeout=60_000)
            print(f"drop to before and after    {time.perf_counter() - begun:.2f}")
            page.close()
        browser.close()


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples/flower-rain-light.png"
    many(chosen)
    one(chosen)
