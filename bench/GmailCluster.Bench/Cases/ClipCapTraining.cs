using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.ClipCap;
using GmailCluster.Models.Gpt2;
using static TorchSharp.torch;

namespace GmailCluster.Bench.Cases;

/// <summary>The captioner's training step: mapping network and language model.</summary>
// b rows of a rank, B rows of all.
internal sealed class ClipCapTraining : ILearningTask
{
    private const int PrefixSize = 128;

    private readonly ClipCapModel _model;
    private readonly Tensor _images;
    private readonly Tensor _ids;
    private readonly Tensor _mask;
    private readonly BackwardStages _stages;

    /// <param name="item">Sizes.</param>
    /// <param name="stages">Stages of the backward pass; null for as many as the gradient's size is worth.</param>
    public ClipCapTraining(BenchCase item, int? stages = null)
    {
        using var generator = new Generator(0);
        var languageModel = RandomWeights.Fill(new Gpt2Model(ConfigFile.Read<Gpt2Config>(item.ConfigPath), new()));
        _model = ClipCapModel.Create(new ClipCapConfig { PrefixSize = PrefixSize, PrefixLength = item.Prefix }, languageModel, generator);
        _images = randn([item.Batch, PrefixSize], generator: generator);
        _ids = randint(0, languageModel.VocabularySize, [item.Batch, item.Tokens], ScalarType.Int64, generator: generator);
        _mask = ones_like(_ids);
        Parameters = FlatParameters.Adopt(TrainableParameters.Of(_model));
        _stages = new BackwardStages(Parameters, languageModel.Config.NLayer, stages);
    }

    public FlatParameters Parameters { get; }

    public Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken) => step.Compute(
        () =>
        {
            using var scope = NewDisposeScope();
            using var backward = _stages.Begin();
            var loss = _model.Loss(RankRows.Of(_images, step), RankRows.Of(_ids, step), RankRows.Of(_mask, step), boundary: backward.Cut).Sum / _ids.numel();
            step.Differentiate(backward, [loss], null, gradient, cancellationToken);
            return (double)loss.item<float>();
        },
        cancellationToken);

    public IReadOnlyDictionary<string, byte[]> Export() => throw new NotSupportedException("A benchmark leaves nothing.");

    public void Dispose()
    {
        _model.Dispose();
        _images.Dispose();
        _ids.Dispose();
        _mask.Dispose();
        Parameters.Dispose();
    }
}
