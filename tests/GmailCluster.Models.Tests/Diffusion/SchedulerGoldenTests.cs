using GmailCluster.Golden;
using GmailCluster.Models.Diffusion.Schedulers;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion;

/// <summary>Whole trajectories of diffusers' schedulers, with the reference's own denoiser in place of a model.</summary>
public sealed class SchedulerGoldenTests
{
    private static readonly string[] Supported = ["DDIMScheduler", "PNDMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler"];

    public static TheoryData<string> Configurations() =>
        [.. Directory.GetDirectories(Goldens.Folder("schedulers")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    public static TheoryData<string, int> Walks()
    {
        var walks = new TheoryData<string, int>();
        foreach (var name in Directory.GetDirectories(Goldens.Folder("schedulers")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal))
        {
            using var reference = Goldens.Reference($"schedulers/{name}");
            foreach (var key in reference.Entries.Keys.Where(k => k.StartsWith("trajectory.", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            {
                walks.Add(name, int.Parse(key["trajectory.".Length..], System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return walks;
    }

    [Fact]
    public void Every_supported_scheduler_has_a_reference()
    {
        var seen = Directory.GetDirectories(Goldens.Folder("schedulers")).Select(f => SchedulerConfig.Load(f).ClassName).ToHashSet();

        Assert.Equal(Supported.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Walks))]
    public void A_walk_follows_the_reference(string name, int steps)
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference($"schedulers/{name}");
        Assert.Equal("0.3 x + 0.1 sin(3 x) + 0.001 t, on the scaled model input", (string?)Goldens.Notes($"schedulers/{name}")["denoiser"]);
        using var scheduler = SchedulerConfig.Load(Goldens.Folder($"schedulers/{name}")).CreateScheduler();

        scheduler.SetTimesteps(steps);
        var expectedTimesteps = reference.Load($"timesteps.{steps}").data<double>().ToArray();
        var trajectory = reference.Load($"trajectory.{steps}");
        var sample = reference.Load("initial") * scheduler.InitNoiseSigma;

        Assert.Equal(expectedTimesteps.Length, scheduler.Timesteps.Count);
        Assert.All(expectedTimesteps.Zip(scheduler.Timesteps), t => Assert.Equal(t.First, t.Second, 1e-5 * Math.Max(1, Math.Abs(t.First))));
        Assert.Equal(expectedTimesteps.Length + 1, trajectory.shape[0]);
        Goldens.AssertClose(trajectory[0], sample, 1e-6, "initial sample");
        for (var i = 0; i < scheduler.Timesteps.Count; i++)
        {
            var t = scheduler.Timesteps[i];
            var x = scheduler.ScaleModelInput(sample, t);
            var output = (0.3 * x) + (0.1 * (3 * x).sin()) + (0.001 * t);
            sample = scheduler.Step(output, t, sample);
            Goldens.AssertClose(trajectory[i + 1], sample, 1e-4, $"sample after step {i}");
        }
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void A_walk_can_be_taken_again_and_leaves_no_tensor_behind(string name)
    {
        var config = SchedulerConfig.Load(Goldens.Folder($"schedulers/{name}"));
        using var scheduler = config.CreateScheduler();
        using var start = ones(1, 4, 2, 2);

        using var first = Walk(scheduler, start, 6);
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using var second = Walk(scheduler, start, 6);

        Assert.True(first.Equals(second));
        Assert.Equal(alive + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Noise_is_added_as_in_training()
    {
        using var scope = NewDisposeScope();
        var compared = 0;
        foreach (var folder in Directory.GetDirectories(Goldens.Folder("schedulers")).Order(StringComparer.Ordinal))
        {
            using var reference = Goldens.Reference(folder);
            if (!reference.Entries.ContainsKey("noisy"))
            {
                continue; // Euler and DPM-Solver add noise by the levels of a walk
            }

            var noisy = SchedulerConfig.Load(folder).NoiseSchedule().AddNoise(
                reference.Load("clean"), reference.Load("noise"), reference.Load("noise_timesteps"));

            Goldens.AssertClose(reference.Load("noisy"), noisy, 1e-5, folder);
            compared++;
        }

        Assert.True(compared > 0, "No reference holds 'noisy'.");
    }

    private static Tensor Walk(IDiffusionScheduler scheduler, Tensor start, int steps)
    {
        using var scope = NewDisposeScope();
        scheduler.SetTimesteps(steps);
        var sample = start * scheduler.InitNoiseSigma;
        foreach (var t in scheduler.Timesteps)
        {
            using var x = scheduler.ScaleModelInput(sample, t);
            sample = scheduler.Step(0.3 * x, t, sample);
        }

        return sample.MoveToOuterDisposeScope();
    }
}
