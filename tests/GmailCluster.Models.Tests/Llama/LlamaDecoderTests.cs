using GmailCluster.Golden;
using GmailCluster.Models.Decoding;

namespace GmailCluster.Models.Llama;

public sealed class LlamaDecoderTests() : DecoderTests(LlamaModel.Load(Goldens.Sample("emoji/emoji-llama")), end: 1533);
