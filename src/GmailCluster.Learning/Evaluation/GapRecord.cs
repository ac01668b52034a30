using GmailCluster.Results;
using GmailCluster.Stages;

namespace GmailCluster.Learning.Evaluation;

/// <summary>Gap figures as a stage record keeps them, there and back.</summary>
public static class GapRecord
{
    /// <summary>Figures by name.</summary>
    public static IEnumerable<StageFigure> Figures(GapMoment moment, GapFigures figures)
    {
        ArgumentNullException.ThrowIfNull(figures);
        return new (string Name, double Value)[]
        {
            ("cmmd", figures.Cmmd), ("frechet", figures.Frechet), ("centroid_distance", figures.CentroidDistance),
            ("paired_cosine", figures.PairedCosine), ("generated_to_real_r@1", figures.GeneratedToRealRecallAt1),
            ("linear_separability", figures.LinearSeparability),
        }.Select(figure => new StageFigure(null, Name(moment, figure.Name), figure.Value));
    }

    /// <summary>Reads the figures of one moment from a record.</summary>
    public static GapFigures Read(GapMoment moment, StageRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        double Value(string name) => record.Figures.Single(figure => figure.Metric == Name(moment, name)).Value;
        return new GapFigures
        {
            Cmmd = Value("cmmd"),
            Frechet = Value("frechet"),
            CentroidDistance = Value("centroid_distance"),
            PairedCosine = Value("paired_cosine"),
            GeneratedToRealRecallAt1 = Value("generated_to_real_r@1"),
            LinearSeparability = Value("linear_separability"),
        };
    }

    private static string Name(GapMoment moment, string figure) => moment is GapMoment.Before ? $"before.{figure}" : $"after.{figure}";
}
