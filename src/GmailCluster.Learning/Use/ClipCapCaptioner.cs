using GmailCluster.Data.Tokenizers;
using GmailCluster.Errors;
using GmailCluster.Learning.Captioning;
using GmailCluster.Models.ClipCap;
using GmailCluster.Models.Decoding;

namespace GmailCluster.Learning.Use;

/// <summary>CLIP's embedding of a picture, continued by CLIPCap.</summary>
internal sealed class ClipCapCaptioner : Captioner
{
    private readonly PictureEncoder _encoder;
    private readonly ClipCapModel _model;

    private ClipCapCaptioner(PictureEncoder encoder, ClipCapModel model, ITokenizer tokenizer, GenerationOptions options)
        : base(encoder.Processor, tokenizer, options) => (_encoder, _model) = (encoder, model);

    public static new ClipCapCaptioner Open(CaptionerOptions options)
    {
        var clip = options.ClipFolder
            ?? throw new InputException("--clip", "is missing, and a CLIPCap captioner reads CLIP's embedding of a picture.", "Name the CLIP folder that it was trained on.");
        if (options.Prompt is not null)
        {
            throw new InputException("--prompt", "has no effect: a CLIPCap captioner is not asked anything.", "Remove it.");
        }

        var folder = options.ModelFolder;
        var tokenizer = Tokenizer(options, Path.Combine(folder, ClipCapModel.LanguageModelFolder));
        var encoder = PictureEncoder.Open(clip);
        ClipCapModel? model = null;
        try
        {
            model = ClipCapModel.Load(folder);
            if (encoder.Width != model.Config.PrefixSize)
            {
                throw new InputException(
                    folder, $"takes embeddings of {model.Config.PrefixSize} values, but {clip} makes {encoder.Width}.", "Name the CLIP folder that it was trained on.");
            }

            model.eval();
            return new ClipCapCaptioner(encoder, model, tokenizer, Generation(options, CaptioningFile.Of(folder), tokenizer, model.LanguageModel.Generation, folder));
        }
        catch
        {
            model?.Dispose();
            encoder.Dispose();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _model.Dispose();
            _encoder.Dispose();
        }
    }

    private protected override Tensor Generate(Tensor pixels, CancellationToken cancellationToken)
    {
        var embeddings = _encoder.Encode(pixels); // [B, P]
        return _model.Generate(_model.Config.NormalizePrefix ? nn.functional.normalize(embeddings, dim: -1) : embeddings, Options, cancellationToken);
    }
}
