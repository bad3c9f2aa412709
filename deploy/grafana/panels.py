"""The few kinds of panels that the dashboards are made of, each with the one look that it has everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import bargauge, common, heatmap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import heatmap as heat
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Panel,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")

Steps = Mapping[float | None, str]
"""Colours from a value on; None: from the lowest."""

PLAIN: Steps = {None: "text"}
NONE_IS_GOOD: Steps = {None: "green", 1: "red"}

DECIMALS = {"none": 0, "percentunit": 1, "short": 1}
"""Counts are whole, though an increase is extrapolated."""


@dataclass(frozen=True, slots=True)
class Query:
    """name: what its series are called, with labels as {{label}}. unit: of a table's column, the panel's if empty."""

    expr: str
    name: str = ""
    unit: str = ""


def stat_of(
    title: str, text: str, unit: str, *queries: Query, steps: Steps = PLAIN, width: int = 4, graph: bool = True
) -> Builder[Panel]:
    """One number. graph: with its past behind it; without, it is asked for once, however long the window."""
    panel = (
        stat.Panel()
        .title(title)
        .description(text)
        .unit(unit)
        .datasource(PROMETHEUS)
        .span(width)
        .height(4)
        .thresholds(_thresholds(steps))
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .color_mode(looks.BigValueColorMode.VALUE)
        .graph_mode(looks.BigValueGraphMode.AREA if graph else looks.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    _round(panel, unit)
    return panel.targets([_range(query) if graph else _instant(query) for query in queries])


def lines(
    title: str,
    text: str,
    unit: str,
    *queries: Query,
    width: int = 8,
    height: int = 7,
    stacked: bool = False,
    limits: Sequence[str] = (),
) -> Builder[Panel]:
    """What it was over time. limits: names of series that are drawn as dashed lines: what the others may not cross."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(text)
        .unit(unit)
        .datasource(PROMETHEUS)
        .span(width)
        .height(height)
        .min(0)
        .line_width(1)
        .fill_opacity(30 if stacked else 5)
        .show_points(looks.VisibilityMode.AUTO)
        .legend(common.VizLegendOptions().show_legend(show_legend=True).placement(looks.LegendPlacement.BOTTOM))
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
        .targets([_range(query) for query in queries])
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))
    for name in limits:
        panel.override_by_name(name, _DASHED)
    return panel


def bars(title: str, text: str, unit: str, query: Query, *, steps: Steps = PLAIN, width: int = 12) -> Builder[Panel]:
    """One bar a series, in the order of the query."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(text)
        .unit(unit)
        .datasource(PROMETHEUS)
        .span(width)
        .height(12)
        .min(0)
        .thresholds(_thresholds(steps))
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .orientation(looks.VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .targets([_instant(query)])
    )
    _round(panel, unit)
    return panel


def table_of(title: str, text: str, unit: str, *columns: Query, width: int = 8, height: int = 7) -> Builder[Panel]:
    """A row for each set of labels, a column for each query; the first of them sorts, the largest on top."""
    names = {f"Value #{letter}": column.name for letter, column in zip(ascii_uppercase, columns, strict=False)}
    panel = (
        table.Panel()
        .title(title)
        .description(text)
        .unit(unit)
        .datasource(PROMETHEUS)
        .span(width)
        .height(height)
        .targets([_instant(column).format(PromQueryFormat.TABLE) for column in columns])
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(_named(names | {"Value": columns[0].name}))
        .sort_by([common.TableSortByFieldState().display_name(columns[0].name).desc(desc=True)])
    )
    _round(panel, unit)
    for column in columns:
        if column.unit:
            panel.override_by_name(column.name, _unit(column.unit))
    return panel


def heat_of(title: str, text: str, unit: str, query: Query, *, width: int = 12) -> Builder[Panel]:
    """How many fell into each bucket of a histogram, over time."""
    return (
        heatmap.Panel()
        .title(title)
        .description(text)
        .unit("short")
        .datasource(PROMETHEUS)
        .span(width)
        .height(7)
        .calculate(calculate=False)
        .color(heatmap.HeatmapColorOptions().mode(heat.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
        .y_axis(heatmap.YAxisConfig().unit(unit))
        .targets([_range(query).format(PromQueryFormat.HEATMAP)])
    )


def timeline(
    title: str, text: str, query: Query, states: Mapping[int, tuple[str, str]], *, width: int = 24, height: int = 10
) -> Builder[Panel]:
    """Which state each series was in. states: what a value means, and its colour."""
    meant = {str(value): ValueMappingResult(text=said, color=colour) for value, (said, colour) in states.items()}
    mapping: ValueMapping = ValueMap(options=meant)
    return (
        statetimeline.Panel()
        .title(title)
        .description(text)
        .unit("none")
        .datasource(PROMETHEUS)
        .span(width)
        .height(height)
        .mappings([mapping])
        .show_value(looks.VisibilityMode.NEVER)
        .merge_values(merge_values=True)
        .targets([_range(query)])
    )


_DASHED = [
    DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "red"}),
    DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
    DynamicConfigValue("custom.fillOpacity", 0),
]


def _round(panel: stat.Panel | table.Panel | bargauge.Panel, unit: str) -> None:
    if unit in DECIMALS:
        panel.decimals(DECIMALS[unit])


def _query(query: Query) -> Dataquery:
    asked = Dataquery().expr(query.expr).datasource(PROMETHEUS).editor_mode(QueryEditorMode.CODE)
    return asked.legend_format(query.name)


def _unit(unit: str) -> list[DynamicConfigValue]:
    decimals = [DynamicConfigValue("decimals", DECIMALS[unit])] if unit in DECIMALS else []
    return [DynamicConfigValue("unit", unit), *decimals]


def _range(query: Query) -> Dataquery:
    return _query(query).range()


def _instant(query: Query) -> Dataquery:
    return _query(query).instant()


def _named(names: Mapping[str, str]) -> DataTransformerConfig:
    """Columns by the names of their queries (Grafana calls a single one Value), and no column of the instant."""
    return DataTransformerConfig(
        id_val="organize", options={"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": dict(names)}
    )


def _thresholds(steps: Steps) -> ThresholdsConfig:
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=value, color=colour) for value, colour in steps.items()])
    )
