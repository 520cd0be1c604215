"""The measurements of live swaps in the text format of Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from roop.pipeline.live.statistics import LiveStatistics

_Samples = Iterator[tuple[Mapping[str, str], float]]
"""Labels and value of each."""


def prometheus_text(swaps: Mapping[str, LiveStatistics]) -> str:
    """Return the measurements of live swaps.

    Args:
        swaps: By the value of the label ``live``; "" for a swap without that label.
    """
    lines = []
    for (name, kind), samples_of in _METRICS.items():
        lines.append(f"# TYPE {name} {kind}")
        for swap, statistics in swaps.items():
            live = {"live": swap} if swap else {}
            lines += [
                f"{name}{_written(live | dict(labels))} {value:.10g}"
                for labels, value in samples_of(statistics)
            ]
    return "\n".join(lines) + "\n"


def _frames(now: LiveStatistics) -> _Samples:
    yield {}, now.shown


def _fps(now: LiveStatistics) -> _Samples:
    yield {}, now.fps


def _latency(now: LiveStatistics) -> _Samples:
    return _quantiles({}, (now.latency_ms, now.latency_p95_ms, now.latency_p99_ms))


def _stage_fps(now: LiveStatistics) -> _Samples:
    for name, stage in now.stages.items():
        yield {"stage": name}, stage.fps


def _stage_times(now: LiveStatistics) -> _Samples:
    for name, stage in now.stages.items():
        values = (stage.time_ms, stage.time_p95_ms, stage.time_p99_ms)
        yield from _quantiles({"stage": name}, values)


def _dropped(now: LiveStatistics) -> _Samples:
    for name, count in now.dropped.items():
        yield {"stage": name}, count


_METRICS: Mapping[tuple[str, str], Callable[[LiveStatistics], _Samples]] = {
    ("roop_live_frames_total", "counter"): _frames,
    ("roop_live_fps", "gauge"): _fps,
    ("roop_live_latency_seconds", "gauge"): _latency,
    ("roop_live_stage_fps", "gauge"): _stage_fps,
    ("roop_live_stage_seconds", "gauge"): _stage_times,
    ("roop_live_dropped_frames_total", "counter"): _dropped,
}
"""Samples by name and type."""


def _quantiles(labels: Mapping[str, str], values: tuple[float | None, ...]) -> _Samples:
    """Yield values in milliseconds as seconds."""
    for quantile, value in zip(("0.5", "0.95", "0.99"), values, strict=True):
        if value is not None:
            yield {**labels, "quantile": quantile}, value / 1000


def _written(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
