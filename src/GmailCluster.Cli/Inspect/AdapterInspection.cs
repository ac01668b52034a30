using System.Globalization;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Lora;

namespace GmailCluster.Cli.Inspect;

/// <summary>PEFT adapter folders.</summary>
internal static class AdapterInspection
{
    /// <summary>Settings and tensors of an adapter.</summary>
    public static Inspection OfFolder(string folder)
    {
        var path = Path.Combine(folder, LoraFiles.ConfigName);
        var config = LoraConfig.Read(path);
        using var weights = WeightSource.OpenFolder(folder, Path.GetFileNameWithoutExtension(LoraFiles.WeightsName));
        var inspection = new Inspection("PEFT adapter (LoRA)") { Columns = WeightsInspection.Head, Rows = WeightsInspection.Rows(weights) };
        inspection
            .With("rank", config.R.ToString(CultureInfo.InvariantCulture))
            .With("alpha", string.Create(CultureInfo.InvariantCulture, $"{config.LoraAlpha} (updates are scaled by {(config.UseRslora ? config.LoraAlpha / Math.Sqrt(config.R) : config.LoraAlpha / config.R):0.####})"))
            .With("target modules", ConfigFile.ReadObject(path)["target_modules"]?.ToJsonString() ?? "")
            .With("base model", config.BaseModelNameOrPath ?? "not named");
        WeightsInspection.Add(inspection, weights);
        return inspection;
    }
}
