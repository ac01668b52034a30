using System.Text.Json;
using GmailCluster.Specs.Rules;

namespace GmailCluster.Specs;

/// <summary>Whether the files and folders that a spec names are there and are what they should be. Opens no more than configs.</summary>
internal static class SpecFiles
{
    private static readonly string[] PickleNames = ["pytorch_model.bin", "open_clip_pytorch_model.bin", "diffusion_pytorch_model.bin"];

    /// <summary>What is wrong with the paths of a spec.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="folder">Full path that its paths are relative to.</param>
    public static IReadOnlyList<SpecFinding> Check(ExperimentSpec spec, string folder)
    {
        var findings = new List<SpecFinding>();
        Model("models.clip", spec.Models.Clip, ["clip"], hasTokenizer: true);
        Model("models.language_model", spec.Models.LanguageModel, ["gpt2"], hasTokenizer: true);
        Model("models.llava_language_model", spec.Models.LlavaLanguageModel, ["llama"], hasTokenizer: true);
        Pipeline("models.diffusion", spec.Models.Diffusion);
        Dataset("data.train", spec.Data.Train);
        Dataset("data.validation", spec.Data.Validation);
        for (var i = 0; i < spec.Data.Tests.Count; i++)
        {
            Dataset($"data.tests[{i}]", spec.Data.Tests[i]);
        }

        if (spec.Data.Prompts is { Path.Length: > 0 } prompts)
        {
            File("data.prompts.path", prompts.Path);
        }

        return findings;

        void Model(string key, string? path, string[] types, bool hasTokenizer)
        {
            if (string.IsNullOrEmpty(path) || !Folder(key, path, out var full))
            {
                return;
            }

            // open_clip folders state their architecture in a file of their own and no model_type.
            if (types[0] != "clip" || !System.IO.File.Exists(Path.Combine(full, "open_clip_config.json")))
            {
                ModelType(key, path, full, types);
            }

            Weights(key, path, full);
            if (hasTokenizer && !HasTokenizer(full))
            {
                Add(key, $"is '{path}', which has no tokenizer.", "Put tokenizer.json, or vocab.json with merges.txt, or tokenizer.model in the folder.");
            }
        }

        void Pipeline(string key, string? path)
        {
            if (string.IsNullOrEmpty(path) || !Folder(key, path, out var full))
            {
                return;
            }

            if (!System.IO.File.Exists(Path.Combine(full, "model_index.json")))
            {
                Add(key, $"is '{path}', which has no model_index.json.", "Name a Stable Diffusion pipeline folder as diffusers saves it.");
                return;
            }

            foreach (var (part, config, hasWeights) in new[]
            {
                ("unet", "config.json", true), ("vae", "config.json", true), ("text_encoder", "config.json", true),
                ("scheduler", "scheduler_config.json", false),
            })
            {
                var at = Path.Combine(full, part);
                if (!System.IO.File.Exists(Path.Combine(at, config)))
                {
                    Add(key, $"is '{path}', which has no {part}/{config}.", "Copy the whole pipeline folder as diffusers saves it.");
                }
                else if (hasWeights)
                {
                    Weights(key, $"{path}/{part}", at);
                }
            }

            if (!HasTokenizer(Path.Combine(full, "tokenizer")))
            {
                Add(key, $"is '{path}', which has no tokenizer.", "Copy the whole pipeline folder as diffusers saves it.");
            }
        }

        void Dataset(string key, DatasetSpec? set)
        {
            if (set is null || set.Path.Length == 0)
            {
                return;
            }

            var full = Path.GetFullPath(set.Path, folder);
            if (set.Format == DatasetFormat.Folder)
            {
                Folder($"{key}.path", set.Path, out _);
            }
            else if (!Directory.Exists(full))
            {
                File($"{key}.path", set.Path);
            }
            else if (set.Format is not null and not DatasetFormat.Webdataset)
            {
                Add($"{key}.path", $"is '{set.Path}', a folder, and {SpecWords.Of(set.Format.Value)} is one file.", "Name the file.");
            }
            else if (!Directory.EnumerateFileSystemEntries(full).Any())
            {
                Add($"{key}.path", $"is '{set.Path}', an empty folder.", "Name a folder with pictures or tars.");
            }

            if (!string.IsNullOrEmpty(set.Images))
            {
                Folder($"{key}.images", set.Images, out _);
            }
        }

        bool Folder(string key, string path, out string full)
        {
            full = Path.GetFullPath(path, folder);
            if (Directory.Exists(full))
            {
                return true;
            }

            if (System.IO.File.Exists(full))
            {
                Add(key, $"is '{path}', a file where a folder is needed.", $"Name the folder it lies in, such as '{Path.GetDirectoryName(path)}'.");
            }
            else
            {
                NotThere(key, path, full, "folder");
            }

            return false;
        }

        void File(string key, string path)
        {
            var full = Path.GetFullPath(path, folder);
            if (Directory.Exists(full))
            {
                Add(key, $"is '{path}', a folder where a file is needed.", "Name the file in it.");
                return;
            }

            if (!System.IO.File.Exists(full))
            {
                NotThere(key, path, full, "file");
                return;
            }

            try
            {
                using var stream = System.IO.File.OpenRead(full);
                if (stream.CanSeek && stream.Length == 0)
                {
                    Add(key, $"is '{path}', an empty file.", "Copy it again.");
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Add(key, $"is '{path}', which cannot be read: {e.Message}", "Give yourself the right to read it.");
            }
        }

        void ModelType(string key, string path, string full, string[] types)
        {
            var config = Path.Combine(full, "config.json");
            if (!System.IO.File.Exists(config))
            {
                Add(key, $"is '{path}', which has no config.json.", "Name a model folder in Hugging Face's layout.");
                return;
            }

            try
            {
                using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(config));
                var type = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("model_type", out var value) && value.ValueKind == JsonValueKind.String
                    ? value.GetString()
                    : null;
                if (type is null || !types.Contains(type))
                {
                    Add(key, $"is '{path}', whose config.json has model_type {(type is null ? "missing" : $"'{type}'")}, not '{types[0]}'.", $"Name a folder with a {types[0]} model.");
                }
            }
            catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
            {
                Add(key, $"is '{path}', whose config.json cannot be read: {e.Message}", "Copy the file again.");
            }
        }

        void Weights(string key, string path, string full)
        {
            if (Directory.EnumerateFiles(full, "*.safetensors").Any())
            {
                return;
            }

            var pickle = PickleNames.FirstOrDefault(name => System.IO.File.Exists(Path.Combine(full, name)));
            Add(key, pickle is null ? $"is '{path}', which has no .safetensors weights." : $"is '{path}', whose only weights are in {pickle}, a pickle, which is never opened.",
                pickle is null ? "Put the weights there." : "Convert them in Python: from_pretrained(...), then save_pretrained(..., safe_serialization=True).");
        }

        void NotThere(string key, string path, string full, string kind)
        {
            if (path == full)
            {
                Add(key, $"is '{path}', which is not there.", $"Correct the path, or put the {kind} there.");
            }
            else
            {
                Add(key, $"is '{path}', which is not there ({full}).", $"Paths are relative to the spec file: correct it, or put the {kind} there.");
            }
        }

        static bool HasTokenizer(string full) =>
            System.IO.File.Exists(Path.Combine(full, "tokenizer.json"))
            || System.IO.File.Exists(Path.Combine(full, "tokenizer.model"))
            || (System.IO.File.Exists(Path.Combine(full, "vocab.json")) && System.IO.File.Exists(Path.Combine(full, "merges.txt")));

        void Add(string key, string problem, string remedy) => findings.Add(new SpecFinding(key, problem, remedy));
    }
}
