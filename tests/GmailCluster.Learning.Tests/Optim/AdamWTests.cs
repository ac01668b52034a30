using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Optim;

public sealed class AdamWTests
{
    [Fact]
    public void Twenty_steps_follow_torch()
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(5);
        var ours = TestModels.TwoLayers(generator);
        var theirs = TestModels.TwoLayers(new Generator(5));
        var spec = new OptimizerSpec { LearningRate = 1e-2, WeightDecay = 0.1, Beta1 = 0.9, Beta2 = 0.98, Epsilon = 1e-6 };
        using var flat = FlatParameters.Adopt(ours.named_parameters().Select(p => (p.name, p.parameter)));
        var mine = new AdamW(flat, spec);
        var reference = optim.AdamW(theirs.parameters(), 1e-2, 0.9, 0.98, 1e-6, 0.1);
        var stages = new BackwardStages(flat, layers: 1);
        var gradient = new float[flat.Length];

        for (var step = 0; step < 20; step++)
        {
            var input = randn([6, 5], generator: generator);
            using var backward = stages.Begin();
            backward.Run([ours.forward(input).square().sum()], null, gradient);
            mine.Step(step + 1, spec.LearningRate, flat.Values, gradient);

            reference.zero_grad();
            theirs.forward(input).square().sum().backward();
            reference.step();
        }

        foreach (var ((_, a), (_, b)) in ours.named_parameters().Zip(theirs.named_parameters()))
        {
            Assert.True((a - b).abs().max().item<float>() < 1e-5f);
        }
    }

    [Fact]
    public void Parameters_named_twice_are_refused()
    {
        using var scope = NewDisposeScope();
        var p = nn.Parameter(ones(3));

        Assert.Throws<Errors.GmailClusterException>(() => FlatParameters.Adopt([("a", p), ("a", p)]));
    }

    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(5, 5e-4)]
    [InlineData(12, 2.7613e-4)]
    public void The_schedule_is_that_of_transformers(int step, double expected) =>
        Assert.Equal(expected, CosineSchedule.LearningRate(new OptimizerSpec { LearningRate = 5e-4, WarmupSteps = 5 }, step, 20), 8);

    [Fact]
    public void Clipping_scales_to_the_limit_and_reports_the_norm_before()
    {
        using var scope = NewDisposeScope();
        using var flat = FlatParameters.Adopt([("a", nn.Parameter(zeros(3)))]);
        var stages = new BackwardStages(flat, layers: 1);
        var gradient = new float[flat.Length];
        (gradient[0], gradient[1]) = (3, 4);

        var norm = GradientClip.Apply(flat, gradient, 1.0);

        Assert.Equal(5, norm);
        Assert.Equal(0.6f, gradient[0], 1e-5f);
    }
}
