using GmailCluster.Learning.Compute;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Gpt2;
using static TorchSharp.torch;

namespace GmailCluster.Bench.Cases;

/// <summary>Greedy decoding with a cache, from a prefix of embeddings to a fixed number of tokens.</summary>
internal sealed class Gpt2Decoding : Workload
{
    private readonly Gpt2Model _model;
    private readonly Tensor[] _prefixes;
    private readonly GenerationOptions _options;

    public Gpt2Decoding(BenchCase item, ComputePool pool)
        : base(pool)
    {
        _model = RandomWeights.Fill(new Gpt2Model(ConfigFile.Read<Gpt2Config>(item.ConfigPath), new()));
        using var generator = new Generator(0);
        _prefixes = [.. Enumerable.Range(0, pool.Slots).Select(_ => randn([Share(item.Batch), item.Prefix, _model.Config.NEmbd], generator: generator))];
        _options = new GenerationOptions { MaxNewTokens = item.Tokens };
        ItemsPerStep = item.Batch * item.Tokens;
    }

    public override string Unit => "tokens";

    public override int ItemsPerStep { get; }

    public override Task Step() => OnEachSlot(slot => Decoder.Generate(_model, _prefixes[slot], _options).Dispose());

    public override void Dispose()
    {
        _model.Dispose();
        foreach (var prefix in _prefixes)
        {
            prefix.Dispose();
        }
    }
}
