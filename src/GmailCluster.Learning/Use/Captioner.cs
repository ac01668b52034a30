using GmailCluster.Data.Images;
using GmailCluster.Data.Tokenizers;
using GmailCluster.Errors;
using GmailCluster.Learning.Captioning;
using GmailCluster.Learning.Compute;
using GmailCluster.Models.Decoding;

namespace GmailCluster.Learning.Use;

/// <summary>A trained captioner with everything it needs to caption a picture: CLIPCap or LLaVA. Threads may share it.</summary>
public abstract class Captioner : IDisposable
{
    private readonly ClipImageProcessor _processor;
    private readonly ITokenizer _tokenizer;

    private protected Captioner(ClipImageProcessor processor, ITokenizer tokenizer, GenerationOptions options) =>
        (_processor, _tokenizer, Options) = (processor, tokenizer, options);

    private protected GenerationOptions Options { get; }

    /// <summary>Loads a captioner of either kind, told apart by its <c>config.json</c>.</summary>
    /// <exception cref="InputException">A folder is missing, malformed or of another kind, or parts do not fit together.</exception>
    public static Captioner Open(CaptionerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ModelFolder.Require(options.ModelFolder, "a captioner (CLIPCap or LLaVA)", ModelFolder.ClipCap, ModelFolder.Llava);
        return ModelFolder.TypeOf(options.ModelFolder) switch
        {
            ModelFolder.ClipCap => ClipCapCaptioner.Open(options),
            ModelFolder.Llava => LlavaCaptioner.Open(options),
            _ => throw new InputException(options.ModelFolder, "holds no config.json that says what model it is.", "Name the folder of a CLIPCap or LLaVA captioner."),
        };
    }

    /// <summary>Captions pictures, in their order, as they are done.</summary>
    /// <param name="paths">Pictures, folders of pictures, WebDataset tars.</param>
    /// <param name="pool">Compute slots.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public IAsyncEnumerable<Seen<string>> Caption(IReadOnlyList<string> paths, ComputePool pool, CancellationToken cancellationToken) =>
        PicturePipeline.Run(paths, _processor, pool, pixels => Texts(Generate(pixels, cancellationToken)), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the models.</summary>
    protected abstract void Dispose(bool disposing);

    /// <summary>New ids for pictures [B, 3, H, W]: [B, N], in the caller's scope.</summary>
    private protected abstract Tensor Generate(Tensor pixels, CancellationToken cancellationToken);

    /// <summary>How captions are sought: as the user says, else as the model was asked in evaluation.</summary>
    private protected static GenerationOptions Generation(CaptionerOptions options, CaptioningFile file, ITokenizer tokenizer, GenerationDefaults defaults, string where)
    {
        var ends = new[] { tokenizer.Special.Eos }.OfType<int>().Concat(defaults.EosTokenId ?? []).Distinct().ToArray();
        return ends.Length > 0
            ? new GenerationOptions { MaxNewTokens = options.MaxTokens ?? file.MaxTokens, BeamCount = options.Beams ?? file.Beams, EosTokenIds = ends }
            : throw new InputException(where, "names no end token.", "Set eos_token in its tokenizer_config.json.");
    }

    /// <summary>The tokenizer beside a trained model, or the one the user names.</summary>
    private protected static ITokenizer Tokenizer(CaptionerOptions options, string folder)
    {
        if (options.TokenizerFolder is { } named)
        {
            return TokenizerFolder.Load(named);
        }

        return TokenizerFiles.AreIn(folder)
            ? TokenizerFolder.Load(folder)
            : throw new InputException(folder, "holds no tokenizer.", "Name the language model's folder with --tokenizer.");
    }

    private IReadOnlyList<string> Texts(Tensor ids) => [.. Decoder.WithoutEnd(ids, Options).Select(row => _tokenizer.Decode(row).Trim())];
}
