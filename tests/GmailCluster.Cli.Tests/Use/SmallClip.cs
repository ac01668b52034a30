using GmailCluster.Data.Tokenizers;
using GmailCluster.Models.Clip;

namespace GmailCluster.Cli.Tests.Use;

/// <summary>A CLIP of other sizes than the emoji world's, with zeros for weights.</summary>
internal static class SmallClip
{
    public static void Write(string folder, int projection)
    {
        using var model = new ClipModel(new ClipConfig
        {
            ProjectionDim = projection,
            VisionConfig = new ClipVisionConfig { HiddenSize = 8, IntermediateSize = 8, NumHiddenLayers = 1, NumAttentionHeads = 2, ImageSize = 16, PatchSize = 8, ProjectionDim = projection },
            TextConfig = new ClipTextConfig { VocabSize = 2247, HiddenSize = 8, IntermediateSize = 8, NumHiddenLayers = 1, NumAttentionHeads = 2, ProjectionDim = projection, EosTokenId = 2246 },
        });
        ClipCheckpoint.Save(model, folder, ClipLayout.HuggingFace);
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), """{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 16}, "crop_size": 16}""");
        foreach (var (name, content) in TokenizerFiles.Read(TrainedWorld.Clip))
        {
            File.WriteAllBytes(Path.Combine(folder, name), content);
        }
    }
}
