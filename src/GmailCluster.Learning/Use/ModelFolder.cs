using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Lora;

namespace GmailCluster.Learning.Use;

/// <summary>What sort of model a folder holds, so that a wrong one is refused by what it is and not by what it lacks.</summary>
internal static class ModelFolder
{
    /// <summary>An adapter, which has no <c>model_type</c>.</summary>
    public const string Adapter = "adapter";

    public const string ClipCap = "clipcap";

    public const string Llava = "llava";

    public const string Clip = "clip";

    public const string ClipText = "clip_text_model";

    public const string ClipVision = "clip_vision_model";

    private const string ConfigName = "config.json";

    /// <summary><c>model_type</c> of <c>config.json</c>, or <see cref="Adapter"/>; null where nothing says it (OpenAI's layout).</summary>
    public static string? TypeOf(string folder)
    {
        var config = Path.Combine(folder, ConfigName);
        return File.Exists(Path.Combine(folder, LoraFiles.ConfigName)) ? Adapter
            : File.Exists(config) && ConfigFile.ReadObject(config)["model_type"] is { } type ? type.ToString()
            : null;
    }

    /// <summary>Refuses a folder that is not there, or that says it is of another type.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="wanted">What is wanted, with its article: <c>a CLIP model</c>.</param>
    /// <param name="types">Types that will do.</param>
    public static void Require(string folder, string wanted, params string[] types)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException(folder, "is no folder.", $"Name the folder of {wanted}.");
        }

        var type = TypeOf(folder);
        if (type is null && Directory.Exists(Path.Combine(folder, "checkpoints")))
        {
            throw new InputException(folder, "holds only checkpoints of a run that is not finished.", "Run its spec to the end first: the same command goes on.");
        }

        if (type is not null && !types.Contains(type, StringComparer.Ordinal))
        {
            throw new InputException(folder, $"holds {Words(type)}, not {wanted}.", Remedy(type, wanted));
        }
    }

    /// <summary>The type with its article.</summary>
    public static string Words(string type) => type switch
    {
        Adapter => "a PEFT adapter",
        ClipCap => "a CLIPCap captioner",
        Llava => "a LLaVA model",
        Clip => "a CLIP model",
        ClipText => "a CLIP text tower",
        ClipVision => "a CLIP image tower",
        _ => $"a model of type '{type}'",
    };

    private static string Remedy(string type, string wanted) => type switch
    {
        Adapter => "An adapter is used by 'gmailcluster embed --adapter'.",
        ClipCap or Llava => "A captioner is used by 'gmailcluster caption --model'.",
        ClipText => "A text tower is used by 'gmailcluster search --text-model'.",
        _ => $"Name the folder of {wanted}.",
    };
}
