using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Decoding;

namespace GmailCluster.Models.Gpt2;

public sealed class Gpt2DecoderTests() : DecoderTests(Gpt2Model.Load(Goldens.Sample("emoji/emoji-gpt2")), end: 1535)
{
    [Fact]
    public void More_tokens_than_positions_are_refused_before_the_first()
    {
        var error = Assert.Throws<GmailClusterException>(() => Generate(Embed(Ids(1, 2, 3)), new GenerationOptions { MaxNewTokens = 95 }));

        Assert.Contains("Generate at most 94 tokens", error.Message, StringComparison.Ordinal);
        Assert.Equal(94, Generate(Embed(Ids(1, 2, 3)), new GenerationOptions { MaxNewTokens = 94 }).shape[1]);
    }
}
