using GmailCluster.Randomness;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Tests;

/// <summary>An experiment that looks like a full run: five arms, three seeds, all tasks, a sweep, a map, pictures. Made up.</summary>
internal static class SyntheticResults
{
    private static readonly Arm[] Arms = [Arm.Real, Arm.Naive, Arm.Mixed, Arm.Gmail, Arm.GmailReal];

    private static readonly (string Task, string? Dataset, string Metric, double[] Means, double Spread)[] Means =
    [
        ("caption", "test-novel", "BLEU-1", [39.1, 38.0, 38.4, 46.8, 42.2], 1.4),
        ("caption", "test-novel", "BLEU-4", [17.3, 15.3, 15.4, 22.6, 19.4], 1.2),
        ("caption", "test-novel", "ROUGE-L", [40.2, 39.0, 39.9, 47.5, 43.0], 1.5),
        ("caption", "test-novel", "CIDEr", [71.7, 76.4, 69.4, 111.9, 85.7], 8.0),
        ("caption", "test-compositional", "BLEU-4", [46.0, 22.9, 35.2, 30.5, 41.0], 1.7),
        ("caption", "test-compositional", "CIDEr", [283.5, 84.9, 187.7, 145.5, 223.1], 9.0),
        ("retrieve", null, "image->text R@1", [44.9, 21.7, 36.2, 31.9, 41.9], 0.6),
        ("retrieve", null, "image->text R@5", [71.0, 44.5, 62.0, 57.1, 68.2], 0.6),
        ("retrieve", null, "image->text R@10", [80.1, 55.3, 72.4, 67.2, 78.0], 0.6),
        ("retrieve", null, "text->image R@1", [45.3, 21.9, 35.6, 31.0, 40.7], 0.5),
        ("retrieve", null, "text->image R@5", [70.2, 45.0, 61.5, 56.8, 67.9], 0.5),
        ("retrieve", null, "text->image R@10", [79.5, 55.0, 72.0, 67.0, 77.1], 0.5),
        ("zero_shot", "novel concepts", "top-1", [34.9, 32.5, 38.0, 32.7, 37.5], 1.5),
        ("zero_shot", "novel concepts", "top-5", [61.0, 58.5, 64.0, 60.6, 63.5], 1.5),
        ("long", null, "image->text R@1", [44.4, 22.7, 36.4, 31.4, 41.2], 0.7),
        ("long", null, "text->image R@1", [46.5, 21.7, 37.1, 32.1, 41.4], 0.6),
        ("llava", "test-novel", "CIDEr", [73.1, 43.5, 63.7, 52.0, 64.6], 4.0),
    ];

    private static readonly string[] Captions =
        ["grinning cat with smiling eyes", "woman: medium-dark skin tone, curly hair", "books", "red heart on fire", "sailboat", "person in lotus position: light skin tone"];

    public static ExperimentResults Full { get; } = Build([0, 1, 2]);

    public static ExperimentResults OneSeed { get; } = Build([0]) with { Curves = [], Map = null };

    public static ExperimentResults Bare { get; } = new()
    {
        Name = "bare",
        SpecYaml = "name: bare\n",
        WorldSize = 1,
        Host = Host(),
    };

    private static ExperimentResults Build(int[] seeds) => new()
    {
        Name = "emoji-full",
        Description = "All five arms on the emoji world: how far do generated pictures carry a captioner and a dual encoder?",
        SpecYaml = "name: emoji-full\nseeds: [0, 1, 2]\nworld_size: 4\nmodels:\n  clip: emoji-clip\n  diffusion: emoji-sd\narms: [real, naive, mixed, gmail, gmail+real]\n",
        WorldSize = 4,
        Seeds = seeds,
        Metrics = [.. Metrics(seeds), .. SweepMetrics(seeds)],
        Gap = [.. Gaps(seeds)],
        Artifacts = [.. Artifacts(seeds)],
        Stages = [.. Stages(seeds)],
        Curves = [.. Curves(seeds)],
        Map = Map(),
        Pairs = [.. Captions.Select(Pair)],
        Host = Host(),
    };

    private static HostRecord Host() => new() { CpuCapability = "AVX512", Dotnet = "10.0.12", Torch = "2.10.0", Cores = 2, Os = "Debian 12", Device = "cpu" };

    private static IEnumerable<MetricValue> Metrics(int[] seeds) =>
        from row in Means
        from arm in Arms
        from seed in seeds
        select new MetricValue
        {
            Arm = arm,
            Seed = seed,
            Task = row.Task,
            Dataset = row.Dataset,
            Metric = row.Metric,
            Value = row.Means[(int)arm] + (row.Spread * Noise($"{row.Task}{row.Dataset}{row.Metric}{arm}", seed)),
            ArtifactKey = Hex($"{row.Task}{arm}{seed}")[..32],
        };

    private static IEnumerable<MetricValue> SweepMetrics(int[] seeds)
    {
        (double Fraction, int Images)[] points = [(0.125, 4), (0.25, 4), (0.5, 4), (1, 4), (1, 1)];
        (Arm Arm, double[] Caption, double[] Recall)[] rows =
        [
            (Arm.Naive, [46.0, 52.7, 79.4, 85.0, 86.2], [18.4, 19.4, 23.0, 21.0, 21.1]),
            (Arm.Gmail, [68.0, 67.8, 88.2, 106.2, 106.4], [27.6, 28.4, 31.8, 32.4, 31.4]),
        ];
        return
            from row in rows
            from point in points.Select((point, i) => (point.Fraction, point.Images, i))
            from seed in seeds
            from metric in new[] { (Task: "caption", Dataset: "test-novel", Metric: "CIDEr", Mean: row.Caption[point.i], Spread: 5.0), (Task: "retrieve", Dataset: null!, Metric: "image->text R@1", Mean: row.Recall[point.i], Spread: 0.5) }
            select new MetricValue
            {
                Arm = row.Arm,
                Seed = seed,
                Task = metric.Task,
                Dataset = metric.Dataset,
                Metric = metric.Metric,
                Value = metric.Mean + (metric.Spread * Noise($"sweep{row.Arm}{point.i}{metric.Task}", seed)),
                ArtifactKey = Hex($"sweep{row.Arm}{point.i}{seed}")[..32],
                Sweep = new SweepPoint(point.Fraction, point.Images, (int)(2246 * point.Fraction * point.Images)),
            };
    }

    private static IEnumerable<GapMeasurement> Gaps(int[] seeds) => seeds.SelectMany(seed => new[] { AlignPreset.Matched, AlignPreset.Paper }.SelectMany(preset => new GapMeasurement[]
    {
        new()
        {
            Seed = seed, Preset = preset, When = GapMoment.Before,
            Figures = new() { Cmmd = 0.206, Frechet = 0.181, CentroidDistance = 0.144, PairedCosine = 0.604, GeneratedToRealRecallAt1 = 0.164, LinearSeparability = 0.75 },
        },
        new()
        {
            Seed = seed, Preset = preset, When = GapMoment.After,
            Figures = preset == AlignPreset.Matched
                ? new() { Cmmd = 0.036 + (0.006 * Noise("cmmd", seed)), Frechet = 0.082 + (0.004 * Noise("frechet", seed)), CentroidDistance = 0.060 + (0.005 * Noise("centroid", seed)), PairedCosine = 0.658, GeneratedToRealRecallAt1 = 0.248, LinearSeparability = 0.70 }
                : new() { Cmmd = 0.26, Frechet = 0.22, CentroidDistance = 0.16, PairedCosine = 0.64, GeneratedToRealRecallAt1 = 0.26, LinearSeparability = 0.98 },
        },
    }));

    private static IEnumerable<ArtifactRecord> Artifacts(int[] seeds) =>
    [
        new() { Stage = "generate", Key = Hex("generate")[..32], Sha256 = Hex("images"), SizeBytes = 61_400_233 },
        .. seeds.Select(seed => new ArtifactRecord { Stage = "align", Seed = seed, Key = Hex($"align{seed}")[..32], Sha256 = Hex($"adapter{seed}"), SizeBytes = 231_440 }),
        .. from arm in Arms from seed in seeds from stage in new[] { "caption", "retrieve" }
           select new ArtifactRecord { Stage = stage, Arm = arm, Seed = seed, Key = Hex($"{stage}{arm}{seed}")[..32], Sha256 = Hex($"weights{stage}{arm}{seed}"), SizeBytes = 5_123_456 },
    ];

    private static IEnumerable<StageTiming> Stages(int[] seeds) =>
    [
        new() { Name = "generate", Seconds = 1011.4, ItemsPerSecond = 8.88, Unit = "images" },
        new() { Name = "embed", Seconds = 14.2, ItemsPerSecond = 740, Unit = "pictures" },
        .. seeds.Select(seed => new StageTiming { Name = "align", Seed = seed, Seconds = seed == 0 ? 0.02 : 31 + seed, Cached = seed == 0, ItemsPerSecond = seed == 0 ? null : 3.9, Unit = "steps" }),
        .. from arm in Arms from seed in seeds from stage in new[] { ("caption", 13.0, 19.2), ("retrieve", 14.5, 13.8), ("long", 71.0, 2.8), ("llava", 17.0, 14.7) }
           select new StageTiming { Name = stage.Item1, Arm = arm, Seed = seed, Seconds = stage.Item2 + seed, ItemsPerSecond = stage.Item3, Unit = "steps" },
        .. seeds.Select(seed => new StageTiming { Name = "evaluate", Seed = seed, Seconds = 9.4, ItemsPerSecond = 79, Unit = "pictures" }),
    ];

    private static IEnumerable<TrainingCurve> Curves(int[] seeds) =>
    [
        .. seeds.Select(seed => Curve("align", null, seed, 120, 9.5, 3.1, 0)),
        .. from arm in Arms from seed in seeds select Curve("caption", arm, seed, 250, 5.8, 0.35, (int)arm),
        .. from arm in Arms from seed in seeds select Curve("retrieve", arm, seed, 200, 3.4, 1.2, (int)arm),
    ];

    private static TrainingCurve Curve(string stage, Arm? arm, int seed, int steps, double first, double last, int shift) => new()
    {
        Stage = stage,
        Arm = arm,
        Seed = seed,
        Steps = [.. Enumerable.Range(1, steps)],
        Values = [.. Enumerable.Range(1, steps).Select(step => last + (0.06 * shift * first) + ((first - last) * Math.Exp(-6.0 * step / steps)) + (0.035 * first * Noise($"{stage}{arm}{step}", seed)))],
    };

    private static EmbeddingMap Map()
    {
        var points = new List<MapPoint>();
        for (var i = 0; i < 260; i++)
        {
            var (x, y) = (0.28 * Noise($"x{i}", 0), 0.2 * Noise($"y{i}", 0));
            points.Add(new MapPoint(x, y, MapKind.Real, $"1f{600 + i:x}"));
            points.Add(new MapPoint((0.8 * x) + 0.16 + (0.09 * Noise($"gx{i}", 0)), (0.8 * y) - 0.1 + (0.08 * Noise($"gy{i}", 0)), MapKind.Generated, $"1f{600 + i:x}"));
            points.Add(new MapPoint((0.9 * x) + 0.04 + (0.08 * Noise($"ax{i}", 0)), (0.9 * y) - 0.02 + (0.07 * Noise($"ay{i}", 0)), MapKind.GeneratedAligned, $"1f{600 + i:x}"));
        }

        return new EmbeddingMap { Seed = 0, Explained = [0.121, 0.083], Points = points };
    }

    private static PicturePair Pair(string caption, int index) => new()
    {
        Id = $"1f{600 + index:x}",
        Caption = caption,
        RealPng = TestPng.Blob(index, sketchy: false),
        GeneratedPng = TestPng.Blob(index, sketchy: true),
        Captions = [.. Arms.Select(arm => new ArmCaption(arm, arm is Arm.Gmail or Arm.GmailReal ? caption : Captions[(index + (int)arm + 1) % Captions.Length]))],
    };

    private static double Noise(string what, int seed)
    {
        var random = CounterRandom.For((ulong)seed, "synthetic", what);
        Span<float> values = [0, 0];
        random.FillNormal(values);
        return Math.Clamp(values[0], -1.8, 1.8);
    }

    private static string Hex(string what)
    {
        var random = CounterRandom.For(7, "hex", what);
        return string.Concat(Enumerable.Range(0, 4).Select(_ => random.NextUInt64().ToString("x16", null)));
    }
}
