using System.Globalization;

namespace GmailCluster.Reporting.Tables;

/// <summary>What is measured: a metric of a task on a test set.</summary>
internal sealed record Measure(string Task, string? Dataset, string Metric)
{
    public string TaskTitle => TaskName(Task);

    public string MetricTitle => Arrows(Metric);

    /// <summary>Metric, task and set in one line.</summary>
    public string Title => Dataset is null ? $"{TaskTitle}, {MetricTitle}" : $"{TaskTitle}, {MetricTitle}, {Dataset}";

    public static string TaskName(string task) => task switch
    {
        "caption" => "Captioning",
        "retrieve" => "Retrieval",
        "zero_shot" => "Zero-shot classification",
        "long" => "Long-caption retrieval",
        "llava" => "LLaVA captioning",
        "generate" => "Generation",
        "align" => "Alignment",
        "" => "",
        _ => char.ToUpper(task[0], CultureInfo.InvariantCulture) + task[1..].Replace('_', ' '),
    };

    public static string Arrows(string metric) => metric.Replace("->", "→", StringComparison.Ordinal);

    /// <summary>How well a metric stands for its task: the least is its headline.</summary>
    public static int Rank(string metric) =>
        metric.Equals("CIDEr", StringComparison.OrdinalIgnoreCase) ? 0
        : metric.Contains("image->text R@1", StringComparison.OrdinalIgnoreCase) && !metric.EndsWith("R@10", StringComparison.OrdinalIgnoreCase) ? 1
        : metric.Equals("top-1", StringComparison.OrdinalIgnoreCase) ? 2
        : int.MaxValue;
}
