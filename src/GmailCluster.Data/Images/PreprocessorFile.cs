using System.Text;
using GmailCluster.Data.Json;

namespace GmailCluster.Data.Images;

/// <summary>The <c>preprocessor_config.json</c> of a model folder, to be carried to where a trained model goes.</summary>
public static class PreprocessorFile
{
    /// <summary>Its name.</summary>
    public const string Name = "preprocessor_config.json";

    /// <summary>Its content; for a folder that keeps it within <c>processor_config.json</c>, that part of it.</summary>
    /// <exception cref="Errors.InputException">The folder has neither, or it is damaged or of another kind of processor.</exception>
    public static byte[] Read(string folder)
    {
        _ = ClipImageSettingsReader.Read(folder); // refuses what could not be used later
        var path = Path.Combine(folder, Name);
        if (File.Exists(path))
        {
            return File.ReadAllBytes(path);
        }

        using var file = JsonFile.Open(Path.Combine(folder, "processor_config.json"));
        return Encoding.UTF8.GetBytes(file.Element.GetProperty("image_processor").GetRawText() + "\n");
    }
}
