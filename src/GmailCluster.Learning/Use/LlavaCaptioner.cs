using GmailCluster.Data.Images;
using GmailCluster.Data.Tokenizers;
using GmailCluster.Errors;
using GmailCluster.Learning.Captioning;
using GmailCluster.Learning.Llava;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Llava;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Use;

/// <summary>LLaVA, asked about each picture.</summary>
internal sealed class LlavaCaptioner : Captioner
{
    private readonly LlavaModel _model;
    private readonly LlavaPrompt _prompt;

    private LlavaCaptioner(LlavaModel model, LlavaPrompt prompt, ClipImageProcessor processor, ITokenizer tokenizer, GenerationOptions options)
        : base(processor, tokenizer, options) => (_model, _prompt) = (model, prompt);

    public static new LlavaCaptioner Open(CaptionerOptions options)
    {
        var folder = options.ModelFolder;
        var file = CaptioningFile.Of(folder);
        var question = options.Prompt ?? file.Prompt ?? new LlavaSpec().Prompt;
        if (question.Split(LlavaPrompt.ImageWord).Length != 2)
        {
            throw new InputException("--prompt", $"'{question}' does not have {LlavaPrompt.ImageWord} once.", $"Put {LlavaPrompt.ImageWord} where the picture goes.");
        }

        var tokenizer = Tokenizer(options, folder);
        var preparation = options.ClipFolder ?? folder;
        if (options.ClipFolder is { } clip)
        {
            ModelFolder.Require(clip, "a CLIP model", ModelFolder.Clip, ModelFolder.ClipVision);
        }

        var processor = ClipImageProcessor.Load(preparation);
        var model = LlavaModel.Load(folder);
        try
        {
            PictureEncoder.RequireSize(processor, model.Config.VisionConfig.ImageSize, preparation);
            model.eval();
            var prompt = new LlavaPrompt(tokenizer, question, model.ImageToken, model.FeaturesPerImage);
            return new LlavaCaptioner(model, prompt, processor, tokenizer, Generation(options, file, tokenizer, model.LanguageModel.Generation, folder));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _model.Dispose();
        }
    }

    private protected override Tensor Generate(Tensor pixels, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        var features = _model.ImageFeatures(pixels); // [B, N, W]
        return _model.Generate(features, _prompt.Rows((int)pixels.shape[0]), Options, cancellationToken: cancellationToken);
    }
}
