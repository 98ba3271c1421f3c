import math

from valuegap.demo.limits import RateLimit, RateLimiter

MINUTE = RateLimit("minute", 2, 60)
DAY = RateLimit("day", 3, 86_400)


class Stopwatch:
    now = 1000.0

    def __call__(self):
        return self.now


def taken(limiter, *names):
    return not any(allowance.is_refused for allowance in limiter.take(names))


def test_a_window_opens_with_its_first_request_and_ends_after_its_length():
    watch = Stopwatch()
    limiter = RateLimiter([MINUTE], 1, watch)
    assert [taken(limiter, "minute") for _ in range(3)] == [True, True, False]
    watch.now += 59.9
    [refusal] = limiter.take(["minute"])
    assert (refusal.is_refused, refusal.retry_after) == (True, 1)
    watch.now += 0.1
    assert taken(limiter, "minute")


def test_retry_after_is_in_real_seconds_whatever_the_speed():
    for speed, expected in ((1, 60), (0.5, 120), (60, 1), (600, 1)):
        limiter = RateLimiter([MINUTE], speed, Stopwatch())
        allowances = [limiter.take(["minute"])[0] for _ in range(3)]
        assert [allowance.remaining for allowance in allowances] == [1, 0, 0]
        assert allowances[2].is_refused
        assert allowances[2].retry_after == expected


def test_a_request_one_limit_refuses_counts_against_none():
    watch = Stopwatch()
    limiter = RateLimiter([MINUTE, DAY], 1, watch)
    assert [taken(limiter, "minute", "day") for _ in range(3)] == [True, True, False]
    watch.now += 60
    assert [taken(limiter, "minute", "day") for _ in range(2)] == [True, False]


def test_infinite_speed_refuses_nothing():
    limiter = RateLimiter([MINUTE], math.inf, Stopwatch())
    assert all(taken(limiter, "minute") for _ in range(100))
