"""One caller cannot take the answers of all others."""

from portals.api.limits import Rate, RateLimiter


def test_a_caller_gets_its_burst_then_waits_for_the_refill() -> None:
    clock = [0.0]
    limiter = RateLimiter(Rate(burst=2, per_second=0.5), now=lambda: clock[0])
    assert [limiter.wait_for("a"), limiter.wait_for("a")] == [0.0, 0.0]
    assert limiter.wait_for("a") == 2.0
    clock[0] = 2.0
    assert limiter.wait_for("a") == 0.0


def test_callers_do_not_share_a_bucket() -> None:
    limiter = RateLimiter(Rate(burst=1, per_second=1), now=lambda: 0.0)
    assert limiter.wait_for("a") == 0.0
    assert limiter.wait_for("b") == 0.0
    assert limiter.wait_for("a") > 0
