using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Checkpoints;

/// <summary>One file of a model folder, not written yet.</summary>
/// <param name="Path">Where it goes, relative to the folder, with forward slashes.</param>
/// <param name="Write">Writes it to a stream.</param>
internal sealed record CheckpointFile(string Path, Action<Stream> Write)
{
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>A record, as <see cref="ConfigFile"/> writes it.</summary>
    public static CheckpointFile Json<T>(string path, T value) =>
        new(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(ConfigFile.Text(value))));

    /// <summary>Tensors, in float32.</summary>
    public static CheckpointFile Weights(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors) => new(path, stream =>
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        SafetensorsWriter.Write(stream, tensors.Select(t => KeyValuePair.Create(t.Key, t.Value.to_type(ScalarType.Float32))), Metadata);
    });

    /// <summary>Writes files into a folder, each beside its target first, then renamed over it.</summary>
    public static void WriteAll(string folder, IEnumerable<CheckpointFile> files)
    {
        foreach (var file in files)
        {
            var target = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, file.Path));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            var temporary = $"{target}.{Guid.NewGuid():n}.tmp";
            try
            {
                using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
                {
                    file.Write(stream);
                    stream.Flush(flushToDisk: true);
                }

                File.Move(temporary, target, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        }
    }

    /// <summary>The files' bytes by path.</summary>
    public static IReadOnlyDictionary<string, byte[]> ReadAll(IEnumerable<CheckpointFile> files) =>
        files.ToDictionary(f => f.Path, f =>
        {
            using var bytes = new MemoryStream();
            f.Write(bytes);
            return bytes.ToArray();
        });
}
