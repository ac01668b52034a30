using System.Text;
using System.Text.Json.Nodes;
using GmailCluster.Data.Images;
using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Captioning;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Llava;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Llava;

/// <summary>
/// What lies beside a trained LLaVA's weights so that the folder stands alone: the language model's tokenizer, how CLIP prepares pictures,
/// what transformers' <c>LlavaProcessor</c> must know to count image tokens, and how it was asked.
/// </summary>
internal static class LlavaCompanions
{
    private const string ProcessorName = "processor_config.json";

    public static IReadOnlyDictionary<string, byte[]> Of(LlavaModel model, string clipFolder, string languageModelFolder, ITokenizer tokenizer, LlavaSpec spec) =>
        ExportFolder.Join(
            TokenizerFiles.Read(languageModelFolder),
            new Dictionary<string, byte[]>
            {
                [PreprocessorFile.Name] = PreprocessorFile.Read(clipFolder),
                [ProcessorName] = Encoding.UTF8.GetBytes(ConfigFile.Text(Processor(model, tokenizer))),
            },
            new CaptioningFile { Prompt = spec.Prompt, MaxTokens = spec.MaxTokens }.ToFiles());

    private static JsonObject Processor(LlavaModel model, ITokenizer tokenizer) => new()
    {
        ["image_token"] = tokenizer.TokenOf(model.ImageToken) ?? LlavaPrompt.ImageWord,
        ["num_additional_image_tokens"] = 1, // the class token, which the processor leaves out again where the strategy says so
        ["patch_size"] = model.Config.VisionConfig.PatchSize,
        ["processor_class"] = "LlavaProcessor",
        ["vision_feature_select_strategy"] = model.Config.VisionFeatureSelectStrategy,
    };
}
