using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Tables;

/// <summary>The figures of the experiment itself (its sweep aside), by arm and measure.</summary>
internal sealed class ResultsGrid
{
    private readonly Dictionary<(ArmKey Arm, Measure Measure), SortedDictionary<int, double>> _values = [];
    private readonly bool _severalPresets;

    public ResultsGrid(ExperimentResults results)
    {
        _severalPresets = results.Metrics.Select(metric => metric.Preset).OfType<AlignPreset>().Distinct().Count() > 1;
        var measures = new List<Measure>();
        foreach (var value in results.Metrics.Where(metric => metric.Sweep is null))
        {
            var measure = new Measure(value.Task, value.Dataset, value.Metric);
            var cell = (KeyOf(value), measure);
            if (!_values.TryGetValue(cell, out var seeds))
            {
                _values[cell] = seeds = [];
                if (!measures.Contains(measure))
                {
                    measures.Add(measure);
                }
            }

            seeds[value.Seed] = value.Value;
        }

        Measures = measures;
        Arms = [.. _values.Keys.Select(cell => cell.Arm).Distinct().Order()];
        Headlines = [.. measures
            .GroupBy(measure => (measure.Task, measure.Dataset))
            .Select(group => group.MinBy(measure => Measure.Rank(measure.Metric))!)];
    }

    /// <summary>Arms that have figures, in the order of the paper.</summary>
    public IReadOnlyList<ArmKey> Arms { get; }

    /// <summary>Measures, in the order results list them.</summary>
    public IReadOnlyList<Measure> Measures { get; }

    /// <summary>The one measure that stands for each task and test set.</summary>
    public IReadOnlyList<Measure> Headlines { get; }

    /// <summary>The row a value belongs to.</summary>
    public ArmKey KeyOf(MetricValue value) => new(value.Arm, _severalPresets && value.Arm is Arm.Gmail or Arm.GmailReal ? value.Preset : null);

    /// <summary>Mean and spread over seeds, or null when the arm has no such figure.</summary>
    public MeanSpread? Cell(ArmKey arm, Measure measure) => _values.TryGetValue((arm, measure), out var seeds) ? MeanSpread.Of(seeds.Values) : null;

    /// <summary>The figures by seed.</summary>
    public IReadOnlyDictionary<int, double> Seeds(ArmKey arm, Measure measure) =>
        _values.TryGetValue((arm, measure), out var seeds) ? seeds : new SortedDictionary<int, double>();

    public int Decimals(Measure measure) => Figures.DecimalsFor(Arms.Select(arm => Cell(arm, measure)?.Mean ?? 0));

    /// <summary>The arm with the best mean, real aside: real pictures are the reference, not a contender.</summary>
    public ArmKey? Best(Measure measure)
    {
        var contenders = Arms.Where(arm => arm.Arm != Arm.Real && Cell(arm, measure) is not null).ToArray();
        return contenders.Length < 2 ? null : contenders.MaxBy(arm => Cell(arm, measure)!.Value.Mean);
    }
}
