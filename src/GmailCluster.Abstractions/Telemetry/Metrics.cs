using System.Diagnostics.Metrics;

namespace GmailCluster.Telemetry;

/// <summary>
/// All instruments of the meter <see cref="Spans.SourceName"/>. An instrument that nobody listens to costs a check of a flag.
/// docs/operate/telemetry.md is made from this list.
/// </summary>
public static class Metrics
{
    private static readonly Meter Meter = new(Spans.SourceName, TelemetryVersion.Text);
    private static readonly List<MetricKind> Kinds = [];

    /// <summary>A step of a run on one silo.</summary>
    public static readonly Histogram<double> StepDuration = Seconds(
        "gmailcluster.step.duration", "A training step on one silo, from its first rank's batch to the commit.", Short, Attributes.StageKind);

    /// <summary>A part of a step.</summary>
    public static readonly Histogram<double> StepPhaseDuration = Seconds(
        "gmailcluster.step.phase.duration", "A part of a training step on one silo: gradients of its ranks, what is left of the exchange with the others after that, update of the weights, and where a checkpoint is due the copy that it is made from.", Short,
        Attributes.StageKind, Attributes.StepPhase);

    /// <summary>Steps committed.</summary>
    public static readonly Counter<long> StepsCommitted = Count(
        "gmailcluster.steps.committed", "{step}", "Training steps applied on this silo.", Attributes.StageKind);

    /// <summary>Steps redone.</summary>
    public static readonly Counter<long> StepsLost = Count(
        "gmailcluster.steps.lost", "{step}", "Training steps begun or committed that had to be done again after silos were lost.", Attributes.StageKind);

    /// <summary>Bytes of the data plane.</summary>
    public static readonly Counter<long> ExchangeBytes = Count(
        "gmailcluster.exchange.io", "By", "Bytes of gradients, embeddings and state exchanged with other silos.", Attributes.Direction, Attributes.Collective);

    /// <summary>Time of a collective.</summary>
    public static readonly Histogram<double> ExchangeDuration = Seconds(
        "gmailcluster.exchange.duration", "One collective between the silos of a run.", Short, Attributes.Collective, Attributes.ErrorType);

    /// <summary>Peers and frames refused.</summary>
    public static readonly Counter<long> ExchangeRefusals = Count(
        "gmailcluster.exchange.refusals", "{refusal}", "Peers and frames that the data plane refused (a wrong secret, an old generation number, a foreign cluster, garbage), and callers of the silo and gateway ports without a certificate that is believed (untrusted).",
        Attributes.Reason);

    /// <summary>New plans.</summary>
    public static readonly Counter<long> Recoveries = Count(
        "gmailcluster.recoveries", "{recovery}", "Plans made after a run's first, because a silo was lost, slow, draining or new.", Attributes.StageKind);

    /// <summary>Time to a new plan.</summary>
    public static readonly Histogram<double> RecoveryDuration = Seconds(
        "gmailcluster.recovery.duration", "From whatever ended a plan to the next plan.", Long, Attributes.StageKind);

    /// <summary>Slow silos.</summary>
    public static readonly Counter<long> Stragglers = Count(
        "gmailcluster.stragglers", "{straggler}", "Times that ranks were moved because a silo was slower than the others.", Attributes.StageKind);

    /// <summary>Shards committed or refused.</summary>
    public static readonly Counter<long> Shards = Count(
        "gmailcluster.generation.shards", "{shard}", "Shards of images brought to their owner, by what became of the commit.", Attributes.CommitResult);

    /// <summary>Images committed.</summary>
    public static readonly Counter<long> Images = Count("gmailcluster.generation.images", "{image}", "Images in committed shards.");

    /// <summary>Time of a shard.</summary>
    public static readonly Histogram<double> ShardDuration = Seconds(
        "gmailcluster.shard.duration", "Making a shard on one silo, from the lease to the commit.", Long, Attributes.CommitResult, Attributes.ErrorType);

    /// <summary>Leases ended early.</summary>
    public static readonly Counter<long> LeasesLost = Count(
        "gmailcluster.generation.leases.lost", "{lease}", "Leases that ended before their shard was committed.", Attributes.LeaseEnd);

    /// <summary>Time of a checkpoint.</summary>
    public static readonly Histogram<double> CheckpointDuration = Seconds(
        "gmailcluster.checkpoint.duration", "Writing a checkpoint beside training, or reading one.", Long, Attributes.CheckpointOperation, Attributes.ErrorType);

    /// <summary>Bytes of checkpoints.</summary>
    public static readonly Counter<long> CheckpointBytes = Count(
        "gmailcluster.checkpoint.io", "By", "Bytes of checkpoints written and read.", Attributes.CheckpointOperation);

    /// <summary>Checkpoints that were not written or not used.</summary>
    public static readonly Counter<long> CheckpointProblems = Count(
        "gmailcluster.checkpoint.problems", "{checkpoint}", "Checkpoints that were damaged and passed over, refused by the fence, or could not be written.", Attributes.CheckpointProblem);

    /// <summary>Time of a stage.</summary>
    public static readonly Histogram<double> StageDuration = Seconds(
        "gmailcluster.stage.duration", "A stage, as the experiment's owner sees it, from its start to its end.", Long, Attributes.StageKind, Attributes.Phase);

    /// <summary>Stages that run.</summary>
    public static readonly UpDownCounter<long> StagesRunning = Register(
        Meter.CreateUpDownCounter<long>("gmailcluster.stages.running", "{stage}", "Stages that run of experiments that this silo owns."), Attributes.StageKind);

    /// <summary>Time of a store call.</summary>
    public static readonly Histogram<double> StoreDuration = Seconds(
        "gmailcluster.store.duration", "A call of the object store; of a read, its opening.", Short, Attributes.StoreOperation, Attributes.ErrorType);

    /// <summary>Bytes of the store.</summary>
    public static readonly Counter<long> StoreBytes = Count(
        "gmailcluster.store.io", "By", "Bytes of objects put, and of objects or ranges opened for reading.", Attributes.StoreOperation);

    /// <summary>Goodput.</summary>
    internal static readonly ObservableGauge<double> Goodput = Register(
        Meter.CreateObservableGauge("gmailcluster.run.goodput", RunMeter.ObserveGoodput, "1",
            "Part of a run's time on this silo, from its opening on, that was spent on steps that were committed."),
        Attributes.Run, Attributes.StageKind);

    /// <summary>Steps.</summary>
    internal static readonly ObservableGauge<long> RunStep = Register(
        Meter.CreateObservableGauge("gmailcluster.run.step", RunMeter.ObserveSteps, "{step}", "Steps that an open run has committed, as this silo sees it."),
        Attributes.Run, Attributes.StageKind);

    /// <summary>All instruments with their attributes, as the documentation lists them.</summary>
    public static IReadOnlyList<MetricKind> All => Kinds;

    private static double[] Short => [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private static double[] Long => [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400];

    private static Histogram<double> Seconds(string name, string description, double[] boundaries, params string[] attributes) => Register(
        Meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries }), attributes);

    private static Counter<long> Count(string name, string unit, string description, params string[] attributes) =>
        Register(Meter.CreateCounter<long>(name, unit, description), attributes);

    private static T Register<T>(T instrument, params string[] attributes)
        where T : Instrument
    {
        Kinds.Add(new MetricKind(instrument, attributes));
        return instrument;
    }
}
