using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace GmailCluster.Telemetry;

/// <summary>The page docs/operate/telemetry.md: words written here, tables made from <see cref="Spans"/> and <see cref="Metrics"/>.</summary>
public static class TelemetryReference
{
    /// <summary>The page, with a final line end.</summary>
    public static string Markdown()
    {
        var page = new StringBuilder(Head);
        page.Append("\n| span | covers | attributes |\n| --- | --- | --- |\n");
        foreach (var span in Spans.All)
        {
            var names = span.Variants.Count == 0 ? $"`{span.Name}`" : string.Join(", ", span.Variants.Select(variant => $"`{span.Name} {variant}`"));
            page.Append(CultureInfo.InvariantCulture, $"| {names} | {span.Covers} | {Code(span.Attributes)} |\n");
        }

        page.Append(Middle);
        page.Append("\n| metric | Prometheus | sort | unit | what | attributes |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (var (instrument, attributes) in Metrics.All.OrderBy(kind => kind.Instrument.Name, StringComparer.Ordinal).Select(kind => (kind.Instrument, kind.Attributes)))
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"| `{instrument.Name}` | `{PrometheusName(instrument)}` | {SortOf(instrument)} | `{instrument.Unit}` | {instrument.Description} | {Code(attributes)} |\n");
        }

        page.Append("\n## Attributes\n\n| attribute | meaning |\n| --- | --- |\n");
        foreach (var (key, meaning) in AttributeMeanings())
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{key}` | {meaning} |\n");
        }

        return page.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>An instrument's name as Prometheus has it: dots become underscores, then the unit, then _total for counters.</summary>
    public static string PrometheusName(Instrument instrument)
    {
        ArgumentNullException.ThrowIfNull(instrument);
        var name = instrument.Name.Replace('.', '_');
        name += instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" when IsGauge(instrument) => "_ratio",
            _ => "",
        };
        return SortOf(instrument) == "counter" ? name + "_total" : name;
    }

    private static bool IsGauge(Instrument instrument) => SortOf(instrument) == "gauge";

    private static string SortOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "Histogram" => "histogram",
        "Counter" => "counter",
        "UpDownCounter" => "up-down counter",
        _ => "gauge",
    };

    private static string Code(IEnumerable<string> keys) => string.Join(", ", keys.Select(key => $"`{key}`"));

    // The meanings are the doc comments of the constants, which the compiler writes beside the assembly.
    private static IEnumerable<(string Key, string Meaning)> AttributeMeanings()
    {
        var docs = Specs.Schema.XmlDocs.Load();
        return typeof(Attributes).GetFields().Select(field => ((string)field.GetRawConstantValue()!, docs.Of(typeof(Attributes), field.Name)));
    }

    private const string Head = """
        # Telemetry

        <!-- Made from src/GmailCluster.Abstractions/Telemetry. Change that, run the tests with GMAILCLUSTER_UPDATE_DOCS=1, and commit this page with it. -->

        Every command that does work (`run`, `silo`, `up`, `submit`) tells an OpenTelemetry back end what it does, when it is told where that is.
        Without these variables nothing is collected, and an instrument costs a check of a flag.

        | variable | meaning |
        | --- | --- |
        | `OTEL_EXPORTER_OTLP_ENDPOINT` | Where traces, metrics and log lines go, such as `http://localhost:4317`. Of its own for each with `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `_METRICS_ENDPOINT`, `_LOGS_ENDPOINT` |
        | `OTEL_EXPORTER_OTLP_PROTOCOL` | `grpc` (default) or `http/protobuf` |
        | `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT` | As OpenTelemetry defines them |
        | `OTEL_SERVICE_NAME` | Default `gmailcluster` |
        | `OTEL_RESOURCE_ATTRIBUTES` | More attributes of the resource, such as `deployment.environment.name=lab` |
        | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | Default: every trace of an experiment, and no grain call outside of one |
        | `OTEL_METRIC_EXPORT_INTERVAL`, `OTEL_BSP_SCHEDULE_DELAY` | Milliseconds between exports of metrics (default 60000) and of spans (default 5000); of log lines `OTEL_BLRP_SCHEDULE_DELAY` (default 5000) |
        | `OTEL_SDK_DISABLED` | `true`: nothing, whatever the others say |
        | `GMAILCLUSTER_TELEMETRY` | `console`: spans and metrics to standard output, for development |

        A silo that is given a health port (`--health-port`) also answers Prometheus there, under `/metrics`, whatever these variables say.

        Beside the names below come Orleans' own: spans of the sources `Microsoft.Orleans.Application` (grain calls) and
        `Microsoft.Orleans.Lifecycle`, metrics of the meter `Microsoft.Orleans`.

        ## Spans

        Source `GmailCluster`. One trace leads from an experiment to its stages, from a stage to its shards or steps, and from there to the
        calls of the object store; grain calls lie between. A silo that takes work up goes on in the trace of the one that was lost.

        """;

    private const string Middle = """

        A log line belongs to the span in which it was written: the exported one has its trace id, and while anything is exported the one on standard error
        begins with both ids.

        A span whose work failed has the status Error, the message that the user reads, and `error.type`. Work that was cancelled has not failed.

        ## Metrics

        Meter `GmailCluster`. Every silo counts what happens on it: sum over silos. The second column is the name in Prometheus, where a
        histogram has `_bucket`, `_sum` and `_count`, and attributes are labels with `_` for `.`.

        """;
}
