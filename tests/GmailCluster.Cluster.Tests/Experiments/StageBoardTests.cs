using GmailCluster.Cluster.Experiments;
using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Tests.Experiments;

/// <summary>Which stages may start, and why the others wait.</summary>
public sealed class StageBoardTests
{
    private static readonly Stage Import = AStage("import");
    private static readonly Stage Generate = AStage("generate", Import);
    private static readonly Stage Align = AStage("align", Import, Generate);
    private static readonly Stage Caption = AStage("caption", Align);

    private readonly StageBoard _board = new();

    [Fact]
    public void A_stage_is_ready_when_all_that_it_needs_is_done()
    {
        Begin();
        Assert.Equal([Import], _board.Ready);

        Begin(Import);
        Assert.Equal([Generate], _board.Ready);

        Begin(Import, Generate);
        Assert.Equal([Align], _board.Ready);
    }

    [Fact]
    public void What_waits_says_for_what()
    {
        Begin(Import);
        Assert.Equal<string?[]>([null, "Waits for a silo.", "Waits for generate.", "Waits for align."], Reasons(slots: 0));

        Assert.Equal("Waits for a free slot: 0 stages run on 2 slots.", Reasons(slots: 2)[1]);

        _board.Start(Generate);
        Assert.Equal<string?[]>([null, null, "Waits for generate.", "Waits for align."], Reasons(slots: 2));
        Assert.Equal([Generate], _board.Running);
        Assert.Empty(_board.Ready);
    }

    [Fact]
    public void What_was_done_before_is_told_apart_from_what_is_done_now()
    {
        _board.Begin([Import, Generate], new HashSet<ArtifactKey> { Import.Key, Generate.Key }, [Import.Key]);

        Assert.Equal([true, false], _board.Show(isRunning: true, slots: 1).Select(stage => stage.Cached));
        Assert.Equal(2, _board.DoneCount);
    }

    [Fact]
    public void Cancelled_stages_neither_run_nor_wait()
    {
        Begin(Import);
        _board.Start(Generate);

        _board.CancelRunning();

        Assert.Empty(_board.Running);
        Assert.Empty(_board.Ready);
        Assert.Equal(
            [StagePhase.Done, StagePhase.Cancelled, StagePhase.Pending, StagePhase.Pending],
            _board.Show(isRunning: false, slots: 1).Select(stage => stage.Progress.Phase));
        Assert.All(_board.Show(isRunning: false, slots: 1), stage => Assert.Null(stage.Reason));
    }

    private void Begin(params Stage[] done) =>
        _board.Begin([Import, Generate, Align, Caption], done.Select(stage => stage.Key).ToHashSet(), []);

    private string?[] Reasons(int slots) => [.. _board.Show(isRunning: true, slots).Select(stage => stage.Reason)];

    private static Stage AStage(string title, params Stage[] needs) => new()
    {
        Key = ArtifactKey.Of(title, 1, "spec"),
        Kind = StageKind.Import,
        Title = title,
        Needs = [.. needs.Select(need => need.Key)],
        Size = 10,
        Unit = "steps",
        Settings = "{}",
    };
}
