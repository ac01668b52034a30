using System.Text.RegularExpressions;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Models.Clip;

/// <summary>Reads a CLIP's sizes off its weights, as <c>build_model</c> in OpenAI's clip/model.py does: heads are 64 wide.</summary>
internal static partial class OpenAiSizes
{
    public const int HeadWidth = 64;

    public static ClipConfig Of(WeightSource weights)
    {
        var names = weights.Names.ToHashSet(StringComparer.Ordinal);
        IReadOnlyList<long> Shape(string name) => names.Contains(name)
            ? weights.Entry(name).Shape
            : throw new InputException(weights.Where, $"lacks '{name}'.", "Give a CLIP with a ViT image tower; ResNet towers are not supported.");

        var patches = Shape("visual.conv1.weight");
        var side = (int)Math.Round(Math.Sqrt(Shape("visual.positional_embedding")[0] - 1));
        var (projection, textWidth) = ((int)Shape("text_projection")[1], (int)Shape("ln_final.weight")[0]);
        var vocabulary = (int)Shape("token_embedding.weight")[0];
        return new ClipConfig
        {
            ProjectionDim = projection,
            VisionConfig = new ClipVisionConfig
            {
                HiddenSize = (int)patches[0],
                IntermediateSize = (int)Shape("visual.transformer.resblocks.0.mlp.c_fc.weight")[0],
                ProjectionDim = projection,
                NumHiddenLayers = Layers(names, "visual."),
                NumAttentionHeads = Math.Max(1, (int)patches[0] / HeadWidth),
                ImageSize = side * (int)patches[3],
                PatchSize = (int)patches[3],
            },
            TextConfig = new ClipTextConfig
            {
                VocabSize = vocabulary,
                HiddenSize = textWidth,
                IntermediateSize = (int)Shape("transformer.resblocks.0.mlp.c_fc.weight")[0],
                ProjectionDim = projection,
                NumHiddenLayers = Layers(names, ""),
                NumAttentionHeads = Math.Max(1, textWidth / HeadWidth),
                MaxPositionEmbeddings = (int)Shape("positional_embedding")[0],
                BosTokenId = vocabulary - 2,
                EosTokenId = OpenClipConfig.HighestIdEnds,
            },
        };
    }

    /// <summary>Refuses sizes that could not be read off again.</summary>
    public static void RequireReadable(ClipConfig config)
    {
        OpenClipConfig.RequireExpressible(config);
        var (vision, text) = (config.VisionConfig, config.TextConfig);
        if (vision.HiddenAct != "quick_gelu" || vision.NumAttentionHeads != Math.Max(1, vision.HiddenSize / HeadWidth) || text.NumAttentionHeads != Math.Max(1, text.HiddenSize / HeadWidth))
        {
            throw new InputException(
                "config.json", $"cannot be said in OpenAI's layout, which has no config: it means quick_gelu and heads {HeadWidth} wide.", "Use the open_clip layout.");
        }
    }

    private static int Layers(IEnumerable<string> names, string tower) =>
        names.Select(n => Block().Match(n)).Where(m => m.Success && m.Groups["tower"].Value == tower).Select(m => m.Groups["index"].Value).Distinct().Count();

    [GeneratedRegex(@"^(?<tower>visual\.|)transformer\.resblocks\.(?<index>\d+)\.")]
    private static partial Regex Block();
}
