; The installer for Windows, for Inno Setup 6 (untested).
;
;   iscc /DVersion=2.0.0 packaging\windows\roop.iss
;
; It takes what packaging\build.py made, needs no administrator, and puts `roop` on the user's PATH.

#ifndef Version
  #error Say which version: iscc /DVersion=2.0.0 roop.iss
#endif
#define Built "..\..\build\bundle\dist\roop"

[Setup]
AppId={{6E0F5B7C-3B0E-4C39-9C2B-7A4C1E1F2D5A}
AppName=roop
AppVersion={#Version}
DefaultDirName={autopf}\roop
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile={#Built}\LICENCES.txt
OutputDir=..\..\build\bundle
OutputBaseFilename=roop-{#Version}-windows-x64
Compression=lzma2
SolidCompression=yes
ChangesEnvironment=yes
UninstallDisplayIcon={app}\roop.exe

[InstallDelete]
; an older version's files must not be mixed with this one's
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Built}\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Registry]
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; \
  ValueData: "{olddata};{app}"; Check: IsNotOnPath(ExpandConstant('{app}'))

[Code]
function IsNotOnPath(Folder: string): Boolean;
var
  Path: string;
begin
  if not RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path) then
    Path := '';
  Result := Pos(';' + Uppercase(Folder) + ';', ';' + Uppercase(Path) + ';') = 0;
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Path, Folder: string;
  Place: Integer;
begin
  if Step <> usPostUninstall then
    exit;
  if not RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path) then
    exit;
  Folder := ExpandConstant('{app}');
  Place := Pos(';' + Uppercase(Folder) + ';', ';' + Uppercase(Path) + ';');
  if Place = 0 then
    exit;
  Delete(Path, Place, Length(Folder) + 1);
  RegWriteExpandStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path);
end;
