using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GmailCluster.Golden;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Safetensors;
using GmailCluster.Specs;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Contrastive;

/// <summary>
/// CLIP trained as torch.optim.AdamW trains it: warm-up and cosine, clipping, decay of matrices only. Losses follow the reference's within
/// 1e-3 and the weights end where its end, on one rank and on two.
/// </summary>
public sealed partial class TrainClipGoldenTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Training_follows_torch_step_by_step(int ranks)
    {
        using var outer = NewDisposeScope();
        using var reference = Goldens.Reference("train-clip");
        var notes = Goldens.Notes("train-clip");
        var (images, texts) = (reference.Load("pixel_values"), reference.Load("input_ids"));
        var (losses, norms, rates) = (Values(reference, "loss"), Values(reference, "grad_norm"), Values(reference, "lr"));
        var (spec, steps) = Settings(notes);
        using var model = ClipModel.Load(Goldens.Folder(notes["start"]!.GetValue<string>()));
        using var parameters = FlatParameters.Adopt(model.named_parameters().Select(p => (p.name, p.parameter)));
        var optimizer = new AdamW(parameters, spec, slice => slice.Shape.Count >= 2);

        Assert.Equal(steps, losses.Length);
        for (var step = 0; step < losses.Length; step++)
        {
            var (loss, gradient) = LossAndGradient(model, parameters, images[step], texts[step], ranks);
            var norm = GradientClip.Apply(parameters, gradient, spec.ClipNorm);
            var rate = CosineSchedule.LearningRate(spec, step, steps);
            optimizer.Step(step + 1, rate, parameters.Values, gradient);

            Assert.Equal(rates[step], rate, 1e-9);
            Assert.InRange(loss / losses[step], 1 - 1e-3, 1 + 1e-3);
            Assert.InRange(norm / norms[step], 1 - 1e-2, 1 + 1e-2);
        }

        foreach (var (name, parameter) in model.named_parameters())
        {
            Goldens.AssertClose(reference.Load($"final.{name}"), parameter, 1e-3, name);
        }
    }

    // Embeds everything once, plays the ranks' losses one after the other, and goes back from the embeddings and the scale.
    private static (double Loss, float[] Gradient) LossAndGradient(ClipModel model, FlatParameters parameters, Tensor pixels, Tensor ids, int ranks)
    {
        using var scope = NewDisposeScope();
        using var backward = new BackwardStages(parameters, model.Text.Config.NumHiddenLayers, stages: 2).Begin();
        var image = nn.functional.normalize(model.Vision.Encode(pixels, boundary: backward.Cut).Embedding, dim: -1);
        var text = nn.functional.normalize(model.Text.Encode(ids, boundary: backward.Cut).Embedding, dim: -1);
        var scale = model.LogitScale.exp();
        var parts = ContrastiveOverRanks.InfoNce(image, text, ranks, scale.item<float>());
        var gradient = new float[parameters.Length];
        backward.Run(
            [image, text, scale],
            [cat([.. parts.Select(p => p.OwnA)]), cat([.. parts.Select(p => p.OwnB)]), tensor((float)parts.Sum(p => p.Scale))],
            gradient);
        return (parts.Sum(p => p.Share), gradient);
    }

    private static double[] Values(SafetensorsFile reference, string name) => reference.Load(name, ScalarType.Float64).data<double>().ToArray();

    // The reference states its settings in words.
    private static (OptimizerSpec Spec, int Steps) Settings(JsonObject notes)
    {
        var optimizer = OptimizerWords().Match(notes["optimizer"]!.GetValue<string>());
        var schedule = ScheduleWords().Match(notes["schedule"]!.GetValue<string>());
        Assert.True(optimizer.Success && schedule.Success, notes.ToJsonString());
        double Of(string name) => double.Parse(optimizer.Groups[name].Value, CultureInfo.InvariantCulture);
        return (
            new OptimizerSpec
            {
                LearningRate = Of("lr"),
                Beta1 = Of("beta1"),
                Beta2 = Of("beta2"),
                Epsilon = Of("eps"),
                WeightDecay = Of("decay"),
                WarmupSteps = int.Parse(schedule.Groups["warmup"].Value, CultureInfo.InvariantCulture),
                ClipNorm = notes["clip_grad_norm"]!.GetValue<double>(),
            },
            int.Parse(schedule.Groups["steps"].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^AdamW lr (?<lr>\S+) betas (?<beta1>\S+) (?<beta2>\S+) eps (?<eps>\S+) wd (?<decay>\S+) on ndim>=2$")]
    private static partial Regex OptimizerWords();

    [GeneratedRegex(@"^cosine with (?<warmup>\d+) warm-up steps of (?<steps>\d+)$")]
    private static partial Regex ScheduleWords();
}
