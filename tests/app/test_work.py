import os
import time

import pytest

from aigan.app.work import Watch, Work, in_process
from aigan.errors import AiganError


def test_a_session_stops_its_own_work_and_no_other() -> None:
    work = Work(seconds=60)
    with work.under_way("mine") as mine, work.under_way("yours") as yours:
        work.stop("mine")
        with pytest.raises(AiganError, match="stopped"):
            mine.check()
        yours.check()
        assert not yours.stopped
    work.stop("mine")  # nothing is left of it


def test_time_is_over() -> None:
    watch = Watch(5)
    watch.check()
    watch.started -= 10
    with pytest.raises(AiganError, match=r"longer than the 5 s that are allowed"):
        watch.check()


def _fails() -> None:
    raise AiganError("this cannot be done")


def test_a_process_of_its_own_answers_fails_dies_and_is_stopped() -> None:
    assert in_process(os.getpid, watch=Watch(60)) != os.getpid()
    with pytest.raises(AiganError, match="memory"):
        in_process(os._exit, 9, watch=Watch(60))
    with pytest.raises(AiganError, match="stopped"):
        in_process(time.sleep, 60, watch=Watch(60, stopped=True))
