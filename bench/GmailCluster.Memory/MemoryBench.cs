using System.Globalization;
using GmailCluster.Data.Storage;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Roles;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Inputs;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace GmailCluster.Memory;

/// <summary>
/// The claim: memory stays flat over a long run. A spec's captioner and alignment are trained for 2,000 steps with its own models,
/// batches and ranks; the resident set after the last step is within 10 % of that after step 200, and no tensor is added.
/// </summary>
internal static class MemoryBench
{
    private const double Tolerance = 0.1;
    private const int StepsPerSnapshot = 50; // as often as a run writes a checkpoint by default

    public static async Task<int> Run(string specPath, int steps)
    {
        var folder = Directory.CreateTempSubdirectory("gmailcluster-memory-").FullName;
        try
        {
            var store = new FolderObjectStore(folder);
            var run = await ExperimentRun.Plan(store, Short(SpecReader.Read(specPath)), TimeProvider.System, CancellationToken.None);
            var silo = await EmbeddedSilo.Start(store, Environment.ProcessorCount, LogLevel.None, CancellationToken.None);
            await using (silo)
            {
                await run.Execute(silo, _ => { }, CancellationToken.None);
            }

            Console.WriteLine("task       step  resident set  live tensors  managed heap");
            var isFlat = true;
            foreach (var kind in new[] { StageKind.Align, StageKind.Caption })
            {
                isFlat &= await Train(store, run.Stages.First(stage => stage.Kind == kind), steps);
            }

            return isFlat ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The data that training needs, made as a run makes it: few images, and a step of training to end with.
    private static LoadedSpec Short(LoadedSpec loaded)
    {
        var spec = loaded.Spec;
        return loaded with
        {
            Spec = spec with
            {
                Seeds = [spec.Seeds[0]],
                Arms = [Arm.GmailReal],
                Sweep = null,
                Align = spec.Align! with { Steps = 1, Compare = [] },
                Caption = spec.Caption! with { Steps = 1 },
                Retrieve = null,
                Long = null,
                Llava = null,
            },
        };
    }

    private static async Task<bool> Train(IObjectStore store, Stage stage, int steps)
    {
        await using var pool = new ComputePool(Environment.ProcessorCount);
        var opened = await new LearningTasks(store, new InputFolders(store, Path.GetTempPath())).Open(stage, CancellationToken.None);
        using var task = opened.Task;
        using var replica = new TrainingReplica(task, opened.Optimizer, steps, WorldSize(stage), pool);
        TrainingState? snapshot = null;
        replica.Committed += step => snapshot = step % StepsPerSnapshot == 0 ? replica.Snapshot() : snapshot;
        var early = new Reading(0, 0, 0);
        var last = early;
        for (var step = 0; step < steps; step++)
        {
            await Task.WhenAll(Enumerable.Range(0, replica.WorldSize).Select(rank => replica.RunStep(rank, step, CancellationToken.None)));
            if (step + 1 == steps / 10 || step + 1 == steps / 2 || step + 1 == steps)
            {
                last = Reading.Now();
                early = early.ResidentBytes == 0 ? last : early;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{stage.Kind,-8} {step + 1,6}  {last.ResidentBytes / 1e6,9:0.0} MB  {last.Tensors,12}  {last.ManagedBytes / 1e6,9:0.0} MB"));
            }
        }

        GC.KeepAlive(snapshot);
        var growth = (last.ResidentBytes / (double)early.ResidentBytes) - 1;
        var isFlat = growth <= Tolerance && last.Tensors == early.Tensors;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{stage.Kind}: {growth:+0.0 %;-0.0 %} between step {steps / 10} and step {steps}: {(isFlat ? "flat" : "NOT FLAT")}"));
        return isFlat;
    }

    private static int WorldSize(Stage stage) => stage.Kind is StageKind.Align
        ? stage.SettingsAs<AlignSettings>().Run.WorldSize
        : stage.SettingsAs<TrainSettings>().Run.WorldSize;

    private sealed record Reading(long ResidentBytes, long Tensors, long ManagedBytes)
    {
        public static Reading Now() => new(Environment.WorkingSet, torch.Tensor.TotalCount, GC.GetTotalMemory(forceFullCollection: false));
    }
}
