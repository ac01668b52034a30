using System.Runtime.InteropServices;
using GmailCluster.Data.Features;
using GmailCluster.Data.Tokenizers;
using GmailCluster.Golden;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Retrieval;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Numerics;
using GmailCluster.Specs;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Retrieval;

/// <summary>The task's gradient over ranks against autograd over the whole batch at once.</summary>
public sealed class DualEncoderTaskTests
{
    private const int BatchSize = 48; // more pictures than components, so that some are dropped
    private const double Scale = 9;

    private static readonly string Clip = Goldens.Sample("emoji/emoji-clip");

    [Theory]
    [InlineData(1, 0)]
    [InlineData(4, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 0.25)]
    [InlineData(8, 0.25)]
    public async Task Long_and_short_losses_over_ranks_are_those_of_the_whole_batch(int ranks, double shortWeight)
    {
        var (data, task) = Make(shortWeight);
        using var disposal = task;
        await using var pool = new ComputePool(2);

        var (loss, gradient) = await OverRanks(task, ranks, pool);

        var (expectedLoss, expected) = await pool.Run(() => Reference(data.Batch(0), shortWeight), TestContext.Current.CancellationToken);
        Assert.Equal(expectedLoss, loss, 1e-5 * expectedLoss);
        var largest = expected.Max(Math.Abs);
        Assert.InRange(expected.Zip(gradient, (e, g) => Math.Abs(e - g)).Max(), 0, 1e-5 * largest);
    }

    [Fact]
    public async Task The_short_loss_changes_what_is_learned_and_slots_do_not()
    {
        await using var one = new ComputePool(1);
        await using var four = new ComputePool(4);
        async Task<float[]> Gradient(double shortWeight, ComputePool pool)
        {
            using var task = Make(shortWeight).Task;
            return (await OverRanks(task, 4, pool)).Gradient;
        }

        Assert.Equal(await Gradient(0.25, one), await Gradient(0.25, four));
        Assert.NotEqual(await Gradient(0, one), await Gradient(0.25, one));
    }

    private static async Task<(double Loss, float[] Gradient)> OverRanks(DualEncoderTask task, int ranks, ComputePool pool)
    {
        var round = new StepRound(0, new RankBlock(0, ranks), ranks, null);
        var gradients = Enumerable.Range(0, ranks).Select(_ => new float[task.Parameters.Length]).ToArray();
        var sum = new GradientSum(round, [.. gradients.Select(gradient => (Memory<float>)gradient)], null, WireType.Float32);
        var losses = await Task.WhenAll(gradients.Select(
            (gradient, rank) => task.Gradient(new RankStep(rank, round, sum, _ => { }, pool), gradient, TestContext.Current.CancellationToken)));
        return (losses.Sum(), [.. Enumerable.Range(0, gradients[0].Length).Select(i => gradients.Sum(gradient => gradient[i]))]);
    }

    private static (double Loss, float[] Gradient) Reference(IReadOnlyList<ArmSample> batch, double shortWeight)
    {
        using var scope = NewDisposeScope();
        using var task = Make(0).Task; // the same weights, laid out in the same way
        using var tower = Tower();
        var tokenizer = TokenizerFolder.Load(Clip);
        var images = nn.functional.normalize(FeatureRows.Of(batch, normalise: false), dim: -1); // [B, P]
        Tensor Texts(Func<CaptionedItem, string> caption)
        {
            var ids = batch.SelectMany(sample => tokenizer.EncodePadded(caption(sample.Item), (int)tower.Config.MaxPositionEmbeddings).Select(id => (long)id)).ToArray();
            return nn.functional.normalize(tower.Encode(tensor(ids, [batch.Count, ids.Length / batch.Count])).Embedding, dim: -1);
        }

        Tensor InfoNce(Tensor texts, Tensor image)
        {
            var logits = texts.mm(image.t()) * Scale;
            var labels = arange(batch.Count, ScalarType.Int64);
            return (nn.functional.cross_entropy(logits, labels) + nn.functional.cross_entropy(logits.t(), labels)) / 2;
        }

        var loss = InfoNce(Texts(item => item.LongCaption!), images);
        if (shortWeight > 0)
        {
            loss += InfoNce(Texts(item => item.Caption), PrincipalComponents.Reconstruct(images, 32)) * shortWeight;
        }

        var parameters = tower.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        var gradient = new float[task.Parameters.Length];
        var slices = task.Parameters.Slices;
        foreach (var (slice, value) in slices.Zip(autograd.grad([loss], [.. slices.Select(slice => (Tensor)parameters[slice.Name])])))
        {
            MemoryMarshal.Cast<byte, float>(value.contiguous().bytes).CopyTo(gradient.AsSpan(slice.Offset, slice.Count));
        }

        return (loss.item<float>(), gradient);
    }

    private static (ArmData Data, DualEncoderTask Task) Make(double shortWeight)
    {
        var tower = Tower();
        var width = (int)tower.EmbeddingWidth;
        using var scope = NewDisposeScope();
        var values = TensorRows.ToArray(randn([3 * BatchSize, width], generator: new Generator(5)));
        CaptionedItem[] items = [.. Enumerable.Range(0, 3 * BatchSize).Select(i => new CaptionedItem($"{i}", $"picture {i} of a cat", $"this is picture number {i}: a cat, {string.Join(", ", Enumerable.Repeat("and a dog", i % 7))}"))];
        var table = new FeatureTable("embeddings", [.. items.Select(item => item.Id)], values, [items.Length, width]);
        var data = new ArmData([ArmPictures.Real(items, table)], seed: 1, "long", BatchSize);
        return (data, new DualEncoderTask(tower, Scale, TokenizerFolder.Load(Clip), TokenizerFiles.Read(Clip), data, item => item.LongCaption!, shortWeight));
    }

    private static ClipTextTower Tower()
    {
        var tower = ClipTextTower.Load(Clip);
        tower.Stretch(12, 4);
        return tower;
    }
}
