#include "cli/render/html/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgassay::cli {
namespace {

using std::chrono::days;

constexpr int kAxis = 22;            ///< pixels of the scale below a plot
constexpr int kLane = 24;            ///< of one lane
constexpr int kPlot = 120;           ///< of the plot of a quantity
constexpr std::size_t kDense = 150;  ///< marks of a lane, beyond which they are thinner
constexpr int kMostTicks = 6;        ///< what a phone's width can hold
constexpr double kEdgeIn = 6.0;      ///< per cent: a label nearer to an edge is turned inwards

double seconds_between(Time from, Time to) {
  return std::chrono::duration<double>(to - from).count();
}

double percent(const TimeSpan& span, Time at) {
  return 100 * seconds_between(span.from, at) / seconds_between(span.from, span.to);
}

bool within(const TimeSpan& span, Time at) {
  return span.from <= at && at <= span.to;
}

struct Tick {
  Time at;
  std::string label;
};

std::vector<Tick> ticks_by_month(const TimeSpan& span, unsigned months) {
  using namespace std::chrono;
  std::vector<Tick> ticks;
  const year_month_day first(floor<days>(span.from));
  for (year_month month(first.year(), std::chrono::month(1)); Time(sys_days(month / 1)) <= span.to;
       month += std::chrono::months(months)) {
    const Time at = sys_days(month / 1);
    if (within(span, at))
      ticks.push_back({at, fmt::format("{:04}-{:02}", int{month.year()}, unsigned{month.month()})});
  }
  return ticks;
}

std::vector<Tick> ticks_by_day(const TimeSpan& span, int step) {
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::vector<Tick> ticks;
  // Counted from the right: the newest days are what people look for.
  for (auto day = std::chrono::floor<days>(span.to); Time(day) >= span.from; day -= days(step)) {
    const std::chrono::year_month_day date(day);
    ticks.push_back(
        {day, fmt::format("{} {}", unsigned{date.day()}, kMonths.at(unsigned{date.month()} - 1))});
  }
  return ticks;
}

std::vector<Tick> ticks_of(const TimeSpan& span) {
  const double count_of_days = seconds_between(span.from, span.to) / 86400;
  for (const int step : {1, 2, 7, 14})
    if (count_of_days / step <= kMostTicks) return ticks_by_day(span, step);
  for (const unsigned months : {1u, 2u, 3u, 6u, 12u, 24u})
    if (count_of_days / (30.4 * months) <= kMostTicks) return ticks_by_month(span, months);
  return ticks_by_month(span, 60);
}

std::string time_axis(const TimeSpan& span, int height) {
  std::string text = fmt::format("<line class=axis x2=100% y1={0}.5 y2={0}.5 />", height);
  for (const Tick& tick : ticks_of(span)) {
    const double x = percent(span, tick.at);
    const char* anchor = x < kEdgeIn ? " class=first" : x > 100 - kEdgeIn ? " class=last" : "";
    text += fmt::format(
        "<line class=axis x1={0:.2f}% x2={0:.2f}% y1={1} y2={2} /><text x={0:.2f}% y={3}{4}>{5}</text>", x,
        height, height + 4, height + 17, anchor, tick.label);
  }
  return text;
}

/// The scale at the left, and the plot beside it.
std::string plot(const std::string& label, int height, const std::string& scale, const std::string& inner) {
  return fmt::format(
      "<div class=plot><svg class=scale aria-hidden=true height={0}>{1}</svg>"
      "<svg role=img aria-label=\"{2}\" height={0}>{3}</svg></div>\n",
      height, scale, label, inner);
}

std::string mark_of(const Mark& mark, double x, int middle, int width) {
  const std::string title = mark.title.empty() ? "" : "<title>" + mark.title + "</title>";
  if (!mark.verdict)
    return fmt::format("<rect x={:.2f}% y={} width={} height=14>{}</rect>\n", x, middle - 7, width, title);
  if (*mark.verdict == Verdict::pass)
    return fmt::format("<circle cx={:.2f}% cy={} r=2.5>{}</circle>\n", x, middle, title);
  return fmt::format("<use href=#{} x={:.2f}% y={}>{}</use>\n",
                     *mark.verdict == Verdict::fail ? "fail" : "unverified", x, middle, title);
}

/// The least that is not below `value`, of 1, 2, 5, 10, 20, … of the largest unit that fits.
double rounded_up(double value, const std::vector<double>& steps) {
  const auto found = std::ranges::lower_bound(steps, value);
  return found == steps.end() ? value : *found;
}

double top_of(double value, Unit unit) {
  std::vector<double> steps;
  if (unit == Unit::bytes) {
    for (double base = 1; base < 1e18; base *= 1024)
      for (const double step : {1, 2, 4, 10, 20, 40, 100, 200, 400, 800}) steps.push_back(step * base);
  } else {
    steps = {0.1, 0.2, 0.4, 1, 2, 4, 10, 20, 40, 60, 120, 240, 600, 1200, 2400};
    for (double hours = 1; hours < 2000; hours *= 2) steps.push_back(hours * 3600);
  }
  return rounded_up(value, steps);
}

std::string amount(double value, Unit unit) {
  const auto shown = [](double number, const char* word) { return fmt::format("{:.3g} {}", number, word); };
  if (unit == Unit::seconds) {
    if (value < 60) return shown(value, "s");
    return value < 3600 ? shown(value / 60, "min") : shown(value / 3600, "h");
  }
  const char* word = "B";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB", "PiB"}) {
    if (value < 1024) break;
    value /= 1024;
    word = next;
  }
  return shown(value, word);
}

double y_of(double value, double top) {
  return kPlot - value / top * (kPlot - 8);
}

}  // namespace

std::string timeline(const std::string& label, const TimeSpan& span, const std::vector<Lane>& lanes,
                     std::optional<Time> overdue) {
  const int height = static_cast<int>(lanes.size()) * kLane + 4;
  std::string inner, scale;
  if (overdue && within(span, *overdue)) {
    const double x = percent(span, *overdue);
    inner +=
        fmt::format("<rect class=overdue x={:.2f}% width={:.2f}% height={}><title>no backup</title></rect>",
                    x, 100 - x, height);
  }
  int middle = kLane / 2;
  for (const Lane& lane : lanes) {
    scale += fmt::format("<text x=62 y={}>{}</text>", middle + 4, lane.name);
    inner += fmt::format("<line class=lane x2=100% y1={0}.5 y2={0}.5 /><g class={1}>\n", middle, lane.name);
    std::vector<const Mark*> marks;
    for (const Mark& mark : lane.marks)
      if (within(span, mark.at)) marks.push_back(&mark);
    // What did not pass lies on top.
    std::stable_partition(marks.begin(), marks.end(), [](const Mark* mark) {
      return mark->verdict.value_or(Verdict::pass) == Verdict::pass;
    });
    for (const Mark* mark : marks)
      inner += mark_of(*mark, percent(span, mark->at), middle, marks.size() > kDense ? 1 : 2);
    inner += "</g>";
    middle += kLane;
  }
  return plot(label, height + kAxis, scale, inner + time_axis(span, height));
}

std::string line_plot(const std::string& label, const TimeSpan& span, Unit unit,
                      const std::vector<Point>& line, const std::vector<Point>& bars, bool dots) {
  double most = 0;
  for (const auto* points : {&line, &bars})
    for (const Point& point : *points) most = std::max(most, point.value);
  const double top = top_of(most > 0 ? most : 1, unit);
  std::string scale, inner;
  for (const double share : {0.0, 0.5, 1.0}) {
    const int y = static_cast<int>(y_of(top * share, top));
    scale += fmt::format("<text x=62 y={}>{}</text>", y + 4, share > 0 ? amount(top * share, unit) : "0");
    if (share > 0) inner += fmt::format("<line class=lane x2=100% y1={0}.5 y2={0}.5 />", y);
  }
  inner += "<g class=bars>";
  for (const Point& bar : bars) {
    const double y = std::min(y_of(bar.value, top), kPlot - 1.0);  // never nothing to see
    inner += fmt::format("<rect x={:.2f}% y={:.1f} width=2 height={:.1f} />\n", percent(span, bar.at), y,
                         kPlot - y);
  }
  inner += fmt::format(
      "</g><svg viewBox=\"0 0 1000 {0}\" preserveAspectRatio=none height={0}><polyline points=\"", kPlot);
  for (const Point& point : line)
    inner += fmt::format("{:.1f},{:.1f}\n", 10 * percent(span, point.at), y_of(point.value, top));
  inner += "\"/></svg><g class=dots>";
  for (const Point& point : line) {
    if (!dots) break;
    inner += fmt::format("<circle cx={:.2f}% cy={:.1f} r=3><title>{}</title></circle>\n",
                         percent(span, point.at), y_of(point.value, top), point.title);
  }
  return plot(label, kPlot + kAxis, scale, inner + "</g>" + time_axis(span, kPlot));
}

}  // namespace pgassay::cli
