namespace GmailCluster.Specs;

/// <summary>A spec that was read and found valid.</summary>
/// <param name="Spec">Its settings, paths as written.</param>
/// <param name="Path">The file, as the user named it.</param>
/// <param name="Folder">Full path of the file's folder: what the spec's paths are relative to.</param>
/// <param name="Text">The YAML as read, for the report and the store.</param>
public sealed record LoadedSpec(ExperimentSpec Spec, string Path, string Folder, string Text)
{
    /// <summary>Full path of a file or folder that the spec names.</summary>
    public string Resolve(string path) => System.IO.Path.GetFullPath(path, Folder);
}
