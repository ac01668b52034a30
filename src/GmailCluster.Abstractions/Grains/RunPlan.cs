namespace GmailCluster.Grains;

/// <summary>Which silo holds which ranks of a run, under one generation number, and where the steps go on.</summary>
/// <param name="GenerationNumber">The plan's fence: whoever has heard of a higher one refuses this one.</param>
/// <param name="WorldSize">Virtual ranks R.</param>
/// <param name="Members">Contiguous blocks that cover [0, R), in order.</param>
/// <param name="ResumeStep">How many steps are committed: the next one is this.</param>
/// <param name="Writer">The silo that writes checkpoints and the result.</param>
/// <param name="SecondsBefore">Time that the run has taken so far.</param>
[GenerateSerializer, Immutable, Alias("gmail.run-plan")]
public sealed record RunPlan(
    [property: Id(0)] long GenerationNumber,
    [property: Id(1)] int WorldSize,
    [property: Id(2)] IReadOnlyList<RunMember> Members,
    [property: Id(3)] int ResumeStep,
    [property: Id(4)] string Writer,
    [property: Id(5)] double SecondsBefore);

/// <summary>One silo of a plan.</summary>
/// <param name="Silo">Its address in the cluster.</param>
/// <param name="Address">Where its data plane listens.</param>
/// <param name="FirstRank">Its first virtual rank.</param>
/// <param name="RankCount">How many it holds, at least one.</param>
[GenerateSerializer, Immutable, Alias("gmail.run-member")]
public sealed record RunMember(
    [property: Id(0)] string Silo, [property: Id(1)] string Address, [property: Id(2)] int FirstRank, [property: Id(3)] int RankCount);

/// <summary>Something that happened to a run, in words.</summary>
/// <param name="Time">When.</param>
/// <param name="Text">What, and why.</param>
[GenerateSerializer, Immutable, Alias("gmail.run-event")]
public sealed record RunEvent([property: Id(0)] DateTimeOffset Time, [property: Id(1)] string Text);
