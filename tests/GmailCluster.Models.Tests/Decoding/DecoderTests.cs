using GmailCluster.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>What every language model's decoding must do.</summary>
public abstract class DecoderTests(ICausalLanguageModel model, int end) : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly ICausalLanguageModel _model = model;

    public void Dispose()
    {
        _scope.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Greedy_decoding_with_a_cache_is_the_argmax_of_the_whole_sequence()
    {
        var ids = Ids(10, 11, 12, 13);
        var options = new GenerationOptions { MaxNewTokens = 12 };

        var generated = Generate(Embed(ids), options);

        var whole = cat([ids, generated], 1);
        var predicted = Logits(Embed(whole)).argmax(-1).narrow(1, ids.shape[1] - 1, generated.shape[1]);
        Assert.Equal(LanguageModelReference.Ids(predicted), LanguageModelReference.Ids(generated));
    }

    [Fact]
    public void Rows_end_independently_and_are_padded()
    {
        // The three rows' own continuations differ, so a token of the first one's is made the end.
        var prompts = cat([Ids(20, 21, 22), Ids(300, 40, 7), Ids(9, 800, 55), Ids(1000, 2, 3)], 0);
        var free = Generate(Embed(prompts), new GenerationOptions { MaxNewTokens = 10 });
        var made = (int)free[0, 3].item<long>();
        var options = new GenerationOptions { MaxNewTokens = 10, EosTokenIds = [made], PadTokenId = 1 };

        var ids = Generate(Embed(prompts), options);

        for (var row = 0; row < prompts.shape[0]; row++)
        {
            var expected = LanguageModelReference.Ids(free[row]).ToList();
            var at = expected.IndexOf(made);
            expected = at < 0 ? expected : expected[..(at + 1)];
            Assert.Equal(expected, LanguageModelReference.Ids(ids[row]).Take(expected.Count));
            Assert.All(LanguageModelReference.Ids(ids[row]).Skip(expected.Count), pad => Assert.Equal(1, pad));
            Assert.Equal(expected.Where(id => id != made).Select(id => (int)id), Decoder.WithoutEnd(ids, options)[row]);
        }

        Assert.Contains(made, LanguageModelReference.Ids(ids[0]).Take(4).Select(id => (int)id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Padding_on_the_left_changes_nothing(int beams)
    {
        var options = new GenerationOptions { MaxNewTokens = 8, BeamCount = beams, EosTokenIds = [end] };
        var (brief, full) = (Ids(20, 21), Ids(300, 40, 7, 8));
        var padded = cat([Ids(0, 0, 20, 21), full], 0);
        var mask = tensor(new long[] { 0, 0, 1, 1, 1, 1, 1, 1 }, 2, 4);

        var ids = Decoder.Generate(_model, Embed(padded), options, mask, TestContext.Current.CancellationToken);

        Assert.Equal(Decoder.WithoutEnd(Generate(Embed(brief), options), options)[0], Decoder.WithoutEnd(ids, options)[0]);
        Assert.Equal(Decoder.WithoutEnd(Generate(Embed(full), options), options)[0], Decoder.WithoutEnd(ids, options)[1]);
    }

    [Fact]
    public void Padding_on_the_right_is_refused()
    {
        var mask = tensor(new long[] { 1, 1, 0 }, 1, 3);

        var error = Assert.Throws<ArgumentException>(() =>
            Decoder.Generate(_model, Embed(Ids(1, 2, 3)), new GenerationOptions { MaxNewTokens = 2 }, mask, TestContext.Current.CancellationToken));

        Assert.Contains("left", error.Message, StringComparison.Ordinal);
    }

    // Beam search against its definition: with as many beams as continuations, nothing is pruned, so the best of all
    // continuations wins. Here all of two tokens over a vocabulary of a few.
    [Fact]
    public void Beams_find_the_likeliest_continuation()
    {
        var options = new GenerationOptions { MaxNewTokens = 2, BeamCount = 700 };
        var prefix = Embed(Ids(100, 101, 102));
        var first = Logits(prefix).select(1, 2).log_softmax(-1).squeeze(0); // [V]
        var (scores, tokens) = first.topk(700);
        var second = Logits(cat([prefix.expand(700, -1, -1), _model.Embed(tokens.unsqueeze(1))], 1)).select(1, 3).log_softmax(-1); // [700, V]
        var best = (scores.unsqueeze(1) + second).view(-1).argmax().item<long>();

        var ids = Generate(prefix, options);

        Assert.Equal([tokens[best / _model.VocabularySize].item<long>(), best % _model.VocabularySize], LanguageModelReference.Ids(ids));
    }

    [Fact]
    public void Decoding_leaves_no_tensors_behind()
    {
        var prefix = Embed(Ids(1, 2, 3));
        using var scope = NewDisposeScope();
        Generate(prefix, new GenerationOptions { MaxNewTokens = 4, BeamCount = 3 }).Dispose();
        var before = scope.DisposablesCount;

        Generate(prefix, new GenerationOptions { MaxNewTokens = 12, BeamCount = 3 }).Dispose();
        Generate(prefix, new GenerationOptions { MaxNewTokens = 12 }).Dispose();

        Assert.Equal(before, scope.DisposablesCount);
    }

    protected Tensor Logits(Tensor embeddings) => _model.Logits(_model.HiddenStates(embeddings)).detach();

    protected Tensor Generate(Tensor prefix, GenerationOptions options) =>
        Decoder.Generate(_model, prefix, options, cancellationToken: TestContext.Current.CancellationToken);

    protected Tensor Embed(Tensor ids) => _model.Embed(ids).detach();

    protected static Tensor Ids(params long[] ids) => tensor(ids, 1, ids.Length);
}
