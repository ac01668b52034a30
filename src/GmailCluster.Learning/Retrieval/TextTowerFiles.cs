using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Safetensors;

namespace GmailCluster.Learning.Retrieval;

/// <summary>A text tower with its projection as a folder that transformers' <c>CLIPTextModelWithProjection.from_pretrained</c> opens.</summary>
internal static class TextTowerFiles
{
    public static void Save(ClipTextTower tower, string folder)
    {
        ConfigFile.Write(Path.Combine(folder, "config.json"), tower.Config);
        SafetensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"), tower.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter)),
            new Dictionary<string, string> { ["format"] = "pt" });
    }
}
