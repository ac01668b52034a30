using GmailCluster.Grains;
using GmailCluster.Host.Experiments;
using GmailCluster.Keys;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Pace;

/// <summary>
/// Plans trainings of a spec's task: its models, data, batch and optimiser, with one stage of training and no evaluation. What
/// training needs is made by the first and found by the others; generated pictures have one denoising step, since only their
/// number and size matter here.
/// </summary>
internal sealed class TrainingPlans(LoadedSpec loaded, IObjectStore store)
{
    private const int Prompts = 400;

    public async Task<PlannedTraining> Plan(TrainingOrder order)
    {
        var run = await ExperimentRun.Plan(store, loaded with { Spec = Variant(order) }, TimeProvider.System, CancellationToken.None);
        var stage = run.Stages.Single(stage => stage.Kind == order.Kind);
        var needed = new HashSet<ArtifactKey> { stage.Key };
        foreach (var later in run.Stages.Reverse().Where(later => needed.Contains(later.Key)))
        {
            needed.UnionWith(later.Needs);
        }

        Stage[] stages = [.. run.Stages.Where(stage => needed.Contains(stage.Key))];
        return new PlannedTraining(stage, order.Ranks, order.Steps, new ExperimentOrder(run.Id, loaded.Text, stages, IsDetached: false, IsReported: false));
    }

    private ExperimentSpec Variant(TrainingOrder order)
    {
        var spec = loaded.Spec;
        return spec with
        {
            Seeds = [order.Seed],
            WorldSize = order.Ranks,
            Checkpoint = spec.Checkpoint with { EverySteps = order.CheckpointEvery ?? spec.Checkpoint.EverySteps },
            Arms = [order.Kind is StageKind.Align ? Arm.Gmail : Arm.Real],
            Sweep = null,
            Data = spec.Data with { Tests = [], Prompts = spec.Data.Prompts! with { Limit = Prompts } },
            Generate = spec.Generate! with { Steps = 1, ImagesPerCaption = 1 },
            Align = order.Kind is StageKind.Align ? spec.Align! with { Steps = order.Steps, Compare = [] } : null,
            Caption = order.Kind is StageKind.Caption ? spec.Caption! with { Steps = order.Steps } : null,
            Retrieve = null,
            Long = null,
            Llava = null,
        };
    }
}
