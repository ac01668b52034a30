using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Images;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Learning.Evaluation;
using GmailCluster.Learning.Pictures;
using GmailCluster.Results;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Experiments;

/// <summary>Gathers what the stages of an experiment left in the store into one record, for the report and <c>results.json</c>.</summary>
public sealed class ResultsAssembler
{
    private readonly IObjectStore _store;
    private readonly LoadedSpec _loaded;
    private readonly IReadOnlyList<Stage> _stages;
    private readonly IReadOnlyDictionary<ArtifactKey, StageRecord> _records;
    private readonly IReadOnlySet<ArtifactKey> _cached;

    private ResultsAssembler(
        IObjectStore store, LoadedSpec loaded, IReadOnlyList<Stage> stages, IReadOnlyDictionary<ArtifactKey, StageRecord> records, IReadOnlySet<ArtifactKey> cached) =>
        (_store, _loaded, _stages, _records, _cached) = (store, loaded, stages, records, cached);

    /// <summary>Gathers a finished experiment.</summary>
    /// <param name="store">The store.</param>
    /// <param name="loaded">The spec.</param>
    /// <param name="stages">Its plan.</param>
    /// <param name="cached">Stages that were done before this run.</param>
    /// <param name="host">Where it ran.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static async Task<ExperimentResults> Assemble(
        IObjectStore store, LoadedSpec loaded, IReadOnlyList<Stage> stages, IReadOnlySet<ArtifactKey> cached, HostRecord host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(stages);
        var records = new Dictionary<ArtifactKey, StageRecord>();
        foreach (var stage in stages)
        {
            records[stage.Key] = await StageRecords.Read(store, stage.Key, cancellationToken)
                ?? throw new Errors.GmailClusterException(StageRecord.ObjectKey(stage.Key), $"is missing: {stage.Title} is not done.", "Run the spec to its end first.");
        }

        return await new ResultsAssembler(store, loaded, stages, records, cached).Assemble(host, cancellationToken);
    }

    private async Task<ExperimentResults> Assemble(HostRecord host, CancellationToken cancellationToken) => new()
    {
        Name = _loaded.Spec.Name,
        Description = _loaded.Spec.Description,
        SpecYaml = _loaded.Text,
        WorldSize = _loaded.Spec.WorldSize,
        Seeds = _loaded.Spec.Seeds,
        Metrics = [.. _stages.Where(stage => stage.Kind is StageKind.Evaluate).SelectMany(Metrics)],
        Gap = [.. _stages.Where(IsMeasuredGap).SelectMany(Gap)],
        Artifacts = [.. _stages.SelectMany(Artifacts)],
        Stages = [.. _stages.Select(Timing)],
        Curves = await Curves(cancellationToken),
        Map = await Map(cancellationToken),
        Pairs = await Pairs(cancellationToken),
        Host = host,
    };

    // In a sweep the whole data is a point, too, beside being the arm itself: its figures stand in the table and end the curve.
    private IEnumerable<MetricValue> Metrics(Stage stage)
    {
        var settings = stage.SettingsAs<EvaluateSettings>();
        var point = settings.Train.Point;
        var isSwept = _loaded.Spec.Sweep?.Arms.Contains(stage.Arm!.Value) ?? false;
        var swept = isSwept ? new Results.SweepPoint(point.DataFraction, point.ImagesPerCaption) : null;
        return from figure in _records[stage.Key].Figures
               from place in stage.Point is null && isSwept ? [null, swept] : new[] { swept }
               select new MetricValue
               {
                   Arm = stage.Arm!.Value,
                   Seed = stage.Seed!.Value,
                   Task = figure.Metric.StartsWith("top-", StringComparison.Ordinal) ? "zero_shot" : SpecWords.Of(settings.Task),
                   Dataset = figure.Dataset,
                   Metric = figure.Metric,
                   Value = figure.Value,
                   ArtifactKey = settings.Trained.Value,
                   Sweep = place,
               };
    }

    private IEnumerable<GapMeasurement> Gap(Stage stage)
    {
        var after = _stages.Single(other => other.Key == stage.SettingsAs<GapSettings>().After);
        var align = _stages.Single(other => other.Key == after.SettingsAs<FeatureSettings>().Adapter).SettingsAs<AlignSettings>();
        return new[] { GapMoment.Before, GapMoment.After }.Select(moment => new GapMeasurement
        {
            Seed = stage.Seed!.Value,
            Preset = align.Align.Preset,
            When = moment,
            Figures = GapRecord.Read(moment, _records[stage.Key]),
        });
    }

    private IEnumerable<ArtifactRecord> Artifacts(Stage stage) => _records[stage.Key].Files
        .Where(file => IsTrained(stage) ? file.ObjectKey.EndsWith(".safetensors", StringComparison.Ordinal) : stage.Kind is StageKind.Generate)
        .Select(file => new ArtifactRecord
        {
            Stage = stage.Title,
            Arm = stage.Arm,
            Seed = stage.Seed,
            Key = file.ObjectKey,
            Sha256 = file.Sha256,
            SizeBytes = file.LengthBytes,
            Sweep = stage.Point is { } point ? new Results.SweepPoint(point.DataFraction, point.ImagesPerCaption) : null,
        });

    private StageTiming Timing(Stage stage)
    {
        var record = _records[stage.Key];
        return new StageTiming
        {
            Name = stage.Title,
            Arm = stage.Arm,
            Seed = stage.Seed,
            Seconds = record.Seconds,
            Cached = _cached.Contains(stage.Key),
            ItemsPerSecond = record.Seconds > 0 ? record.Items / record.Seconds : null,
            Unit = record.Unit,
            Sweep = stage.Point is { } point ? new Results.SweepPoint(point.DataFraction, point.ImagesPerCaption) : null,
        };
    }

    private async Task<IReadOnlyList<TrainingCurve>> Curves(CancellationToken cancellationToken)
    {
        var curves = new List<TrainingCurve>();
        foreach (var stage in _stages.Where(IsTrained))
        {
            var losses = await _store.ReadJson<double[]>($"runs/{stage.Key}/losses.json", cancellationToken);
            curves.Add(new TrainingCurve
            {
                Stage = SpecWords.Of(stage.Kind),
                Arm = stage.Arm,
                Seed = stage.Seed,
                Steps = [.. Enumerable.Range(1, losses.Length)],
                Values = losses,
                Sweep = stage.Point is { } point ? new Results.SweepPoint(point.DataFraction, point.ImagesPerCaption) : null,
            });
        }

        return curves;
    }

    private async Task<EmbeddingMap?> Map(CancellationToken cancellationToken) =>
        _stages.FirstOrDefault(IsMeasuredGap) is { } gap
            ? await _store.ReadJson<EmbeddingMap>(GapMeasuring.MapKey(gap.Key), cancellationToken)
            : null;

    // Held-out pictures that have a generated counterpart, evenly over the set, with the caption of each arm's first seed.
    private async Task<IReadOnlyList<PicturePair>> Pairs(CancellationToken cancellationToken)
    {
        if (_stages.FirstOrDefault(stage => stage.Kind is StageKind.Generate) is not { } generate || _loaded.Spec.Evaluate.SheetPairs == 0)
        {
            return [];
        }

        var generated = new Dictionary<string, Picture>(StringComparer.Ordinal);
        await foreach (var picture in PictureSets.Read(_store, generate.Key, cancellationToken))
        {
            if (picture.About.Generated is { K: 0 })
            {
                generated[picture.About.Id] = picture;
            }
        }

        var real = new List<Picture>();
        var tests = _loaded.Spec.Data.Tests.Select(test => test.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var stage in _stages.Where(stage => stage.Kind is StageKind.Import && tests.Contains(stage.Title["import ".Length..])))
        {
            await foreach (var picture in PictureSets.Read(_store, stage.Key, cancellationToken))
            {
                if (generated.ContainsKey(picture.Id))
                {
                    real.Add(picture);
                }
            }
        }

        var captions = await Captions(cancellationToken);
        var count = Math.Min(_loaded.Spec.Evaluate.SheetPairs, real.Count);
        return [.. Enumerable.Range(0, count).Select(i => real[(int)((long)i * real.Count / count)]).Select(picture => new PicturePair
        {
            Id = picture.Id,
            Caption = picture.About.Captions[0],
            RealPng = Png(picture),
            GeneratedPng = Png(generated[picture.Id]),
            Captions = [.. captions.Where(arm => arm.Captions.ContainsKey(picture.Id)).Select(arm => new ArmCaption(arm.Arm, arm.Captions[picture.Id]))],
        })];
    }

    private async Task<IReadOnlyList<(Arm Arm, IReadOnlyDictionary<string, string> Captions)>> Captions(CancellationToken cancellationToken)
    {
        var result = new List<(Arm, IReadOnlyDictionary<string, string>)>();
        foreach (var stage in _stages.Where(stage => stage.Kind is StageKind.Evaluate && stage.Point is null && stage.Seed == _loaded.Spec.Seeds[0]))
        {
            if (stage.SettingsAs<EvaluateSettings>().Task is StageKind.Caption)
            {
                result.Add((stage.Arm!.Value, await _store.ReadJson<Dictionary<string, string>>(CaptionScoring.ObjectKey(stage.Key), cancellationToken)));
            }
        }

        return result;
    }

    private static byte[] Png(Picture picture) => picture.Encoded is [0x89, (byte)'P', (byte)'N', (byte)'G', ..]
        ? picture.Encoded
        : ImageEncoder.EncodePng(ImageDecoder.Decode(picture.Encoded, picture.Where));

    private bool IsMeasuredGap(Stage stage) => stage.Kind is StageKind.Gap && _records[stage.Key].Figures.Count > 0;

    private static bool IsTrained(Stage stage) => stage.Kind is StageKind.Align or StageKind.Caption or StageKind.Retrieve or StageKind.Long or StageKind.Llava;
}
